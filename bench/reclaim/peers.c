/* Schemes of others: what they free goes to free(), of whatever allocator is preloaded. */
#define _LGPL_SOURCE
#define URCU_API_MAP
#include <ck_epoch.h>
#include <sched.h>
#include <stdlib.h>
#include <urcu/urcu-memb.h>

#include "reclaim.h"

static void free_node(void *node)
{
    if (reclaim_is_traced)
        reclaim_count_freed(node);
    free(node);
}

/* --- liburcu, memb ---------------------------------------------------------------------------- */

static void begin_rcu(unsigned thread)
{
    rcu_register_thread();
    /* One worker a processor. */
    if (thread == 0 && urcu_memb_get_cpu_call_rcu_data(0) == NULL &&
        urcu_memb_create_all_cpu_call_rcu_data(0) != 0)
        abort();
}

static void end_rcu(void)
{
    rcu_unregister_thread();
}

static void enter_rcu(void)
{
    rcu_read_lock();
}

static void leave_rcu(void)
{
    rcu_read_unlock();
}

static void free_head(struct rcu_head *head)
{
    free_node(head);
}

static void retire_call(void *node)
{
    call_rcu(node, free_head);
}

static void begin_defer(unsigned thread)
{
    (void)thread;
    rcu_register_thread();
    if (rcu_defer_register_thread() != 0)
        abort();
}

static void end_defer(void)
{
    rcu_defer_unregister_thread();
    rcu_unregister_thread();
}

static void retire_defer(void *node)
{
    defer_rcu(free_node, node);
}

static void drain_nothing(void)
{
}

/* --- ck_epoch --------------------------------------------------------------------------------- */

enum { POLL_EVERY = 32 };

static ck_epoch_t domain;
static _Thread_local ck_epoch_record_t *record;
static _Thread_local unsigned retired;

static void begin_ck(unsigned thread)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    static bool is_initialised;
    (void)thread;
    pthread_mutex_lock(&lock);
    if (!is_initialised)
        ck_epoch_init(&domain);
    is_initialised = true;
    pthread_mutex_unlock(&lock);
    record = aligned_alloc(64, (sizeof *record + 63) / 64 * 64);
    if (record == NULL)
        abort();
    ck_epoch_register(&domain, record, NULL);
}

static void end_ck(void)
{
    ck_epoch_barrier(record);
    ck_epoch_unregister(record);
}

static void enter_ck(void)
{
    ck_epoch_begin(record, NULL);
}

static void leave_ck(void)
{
    ck_epoch_end(record, NULL);
}

static void free_entry(ck_epoch_entry_t *entry)
{
    free_node(entry);
}

static void retire_ck(void *node)
{
    ck_epoch_begin(record, NULL);
    ck_epoch_call(record, node, free_entry);
    ck_epoch_end(record, NULL);
    if (++retired % POLL_EVERY == 0)
        (void)ck_epoch_poll(record);
}

const struct scheme reclaim_schemes[] = {
    {"call_rcu", sizeof(struct rcu_head), begin_rcu, end_rcu, enter_rcu, leave_rcu, retire_call,
     rcu_barrier, NULL},
    {"defer_rcu", 0, begin_defer, end_defer, enter_rcu, leave_rcu, retire_defer, drain_nothing,
     NULL},
    {"ck_epoch", sizeof(ck_epoch_entry_t), begin_ck, end_ck, enter_ck, leave_ck, retire_ck,
     drain_nothing, NULL},
    {.name = NULL},
};
