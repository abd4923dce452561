/*
 * rcu_hash: a hash table whose nodes are freed after a grace period, by other threads.
 *
 * Models the resolver caches and flow tables that userspace RCU is used for (Desnoyers,
 * McKenney, Stern, Dagenais and Walpole, "User-Level Implementations of Read-Copy Update", IEEE
 * TPDS 2012): threads look keys up in liburcu's lock-free table (rculfhash), and every fourth
 * time replace the node by a new one.  The old node goes to call_rcu; a worker thread frees it
 * after a grace period.  So no thread frees what it allocated, and frees come in bursts of
 * thousands, long after.
 *
 * 20,000 keys, nodes of 64-320 bytes: about 4 MiB live.  At most 20,000 nodes wait for a worker, then
 * updaters yield: memory is compared, so it must not depend on how late workers run.
 */
#define _LGPL_SOURCE
#include "scenario.h"

#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <urcu/rculfhash.h>
#include <urcu/urcu-memb.h>

enum {
    KEYS = 20000,
    BUCKETS = 16384,
    MOST_WAITING = 20000,
    LOOKUPS_PER_UPDATE = 3,
    SMALLEST = 64,
    LARGEST = 320
};

struct node {
    struct cds_lfht_node link;
    struct rcu_head head;
    uint64_t key;
};

static struct cds_lfht *table;
static size_t steps_per_thread;
static atomic_size_t waiting;
static atomic_size_t found;

static int has_key(struct cds_lfht_node *link, const void *key)
{
    return caa_container_of(link, struct node, link)->key == *(const uint64_t *)key;
}

static unsigned long hash(uint64_t key)
{
    return (unsigned long)((key + 1) * UINT64_C(0x9e3779b97f4a7c15) >> 20);
}

static void free_node(struct rcu_head *head)
{
    free(caa_container_of(head, struct node, head));
    atomic_fetch_sub_explicit(&waiting, 1, memory_order_relaxed);
}

static void replace_node(uint64_t key, size_t size)
{
    struct node *node = scenario_check(malloc(size));
    struct cds_lfht_node *old;

    scenario_touch(node, size);
    node->key = key;
    cds_lfht_node_init(&node->link);
    urcu_memb_read_lock();
    old = cds_lfht_add_replace(table, hash(key), has_key, &key, &node->link);
    urcu_memb_read_unlock();
    if (old == NULL)
        return;
    atomic_fetch_add_explicit(&waiting, 1, memory_order_relaxed);
    urcu_memb_call_rcu(&caa_container_of(old, struct node, link)->head, free_node);
    while (atomic_load_explicit(&waiting, memory_order_relaxed) > MOST_WAITING)
        sched_yield();
}

static size_t look_up(uint64_t key)
{
    struct cds_lfht_iter at;
    size_t hit;

    urcu_memb_read_lock();
    cds_lfht_lookup(table, hash(key), has_key, &key, &at);
    hit = cds_lfht_iter_get_node(&at) != NULL;
    urcu_memb_read_unlock();
    return hit;
}

static void run_steps(size_t thread_idx)
{
    uint64_t random = scenario_seed(thread_idx);
    size_t hits = 0;

    urcu_memb_register_thread();
    for (size_t n = 0; n < steps_per_thread; n++) {
        for (unsigned i = 0; i < LOOKUPS_PER_UPDATE; i++)
            hits += look_up(scenario_below(&random, KEYS));
        replace_node(scenario_below(&random, KEYS), scenario_between(&random, SMALLEST, LARGEST));
    }
    urcu_memb_unregister_thread();
    atomic_fetch_add(&found, hits);
}

int main(int argc, char **argv)
{
    struct scenario s;

    scenario_start(&s, "rcu_hash", argc, argv);
    steps_per_thread = scenario_scaled(&s, 1.5e6 / s.threads);
    urcu_memb_register_thread();
    /* One worker a processor: a thread's nodes go to the worker of the one it runs on. */
    if (urcu_memb_create_all_cpu_call_rcu_data(0) != 0)
        abort();
    table = cds_lfht_new_flavor(BUCKETS, BUCKETS, BUCKETS, CDS_LFHT_ACCOUNTING, &urcu_memb_flavor,
                                NULL);
    scenario_check(table);
    for (uint64_t key = 0; key < KEYS; key++)
        replace_node(key, SMALLEST + key % (LARGEST - SMALLEST));
    urcu_memb_unregister_thread();
    scenario_run_threads(s.threads, run_steps);
    urcu_memb_barrier();
    scenario_stop_clock(&s);
    scenario_report_with(&s, "found", (double)found);
    return 0;
}
