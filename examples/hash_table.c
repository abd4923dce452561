/*
 * hash_table: a cache under liburcu, with liburcu's lock-free hash table, whose entries epmalloc frees.
 *
 *     hash_table [THREADS [OPERATIONS]]
 *
 * Readers and table are liburcu's as ever (rculfhash, flavour memb). What changes is how a replaced entry is freed: by
 * ep_free_rcu() instead of call_rcu(). An entry needs no rcu_head, the thread that replaced it frees it itself when its grace
 * period is over, and no worker thread frees what others have allocated.
 *
 * Ends with 0 when every entry that a reader found was whole, and nothing is left waiting.
 */
#include <urcu.h>

#include <epmalloc-urcu.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <urcu/rculfhash.h>

enum { THREADS_MAX = 64, KEYS = 4096, READS = 4 };

struct entry {
    struct cds_lfht_node link;
    unsigned long key;
    unsigned long value; /* key times 3 */
};

static struct cds_lfht *table;
static unsigned long operations = 50000;
static atomic_ulong found, wrong;

static unsigned long hash(unsigned long key)
{
    return key * 0x9e3779b97f4a7c15UL >> 20;
}

static int has_key(struct cds_lfht_node *link, const void *key)
{
    return caa_container_of(link, struct entry, link)->key == *(const unsigned long *)key;
}

static void free_later(struct entry *entry)
{
    if (ep_free_rcu(entry) == 0)
        return;
    synchronize_rcu();
    ep_free(entry);
}

static void replace(unsigned long key)
{
    struct entry *entry = ep_malloc(sizeof *entry);
    if (entry == NULL)
        abort();
    entry->key = key;
    entry->value = key * 3;
    cds_lfht_node_init(&entry->link);
    rcu_read_lock();
    struct cds_lfht_node *old = cds_lfht_add_replace(table, hash(key), has_key, &key, &entry->link);
    rcu_read_unlock();
    if (old != NULL)
        free_later(caa_container_of(old, struct entry, link));
}

static void look_up(unsigned long key)
{
    struct cds_lfht_iter at;
    rcu_read_lock();
    cds_lfht_lookup(table, hash(key), has_key, &key, &at);
    struct cds_lfht_node *link = cds_lfht_iter_get_node(&at);
    if (link != NULL) {
        const struct entry *entry = caa_container_of(link, struct entry, link);
        bool is_whole = entry->key == key && entry->value == key * 3;
        atomic_fetch_add_explicit(is_whole ? &found : &wrong, 1, memory_order_relaxed);
    }
    rcu_read_unlock();
}

static void *work(void *seed)
{
    unsigned long state = (unsigned long)(uintptr_t)seed;
    rcu_register_thread();
    for (unsigned long i = 0; i < operations; i++) {
        state = state * 6364136223846793005UL + 1442695040888963407UL;
        if (i % (READS + 1) == 0)
            replace(state >> 33 & (KEYS - 1));
        else
            look_up(state >> 33 & (KEYS - 1));
    }
    rcu_unregister_thread();
    return NULL;
}

static void empty_table(void)
{
    struct cds_lfht_iter at;
    struct entry *entry;
    rcu_read_lock();
    cds_lfht_for_each_entry(table, &at, entry, link)
    {
        if (cds_lfht_del(table, &entry->link) == 0)
            free_later(entry);
    }
    rcu_read_unlock();
}

int main(int argc, char **argv)
{
    unsigned threads = argc > 1 ? (unsigned)atoi(argv[1]) : 4;
    pthread_t ids[THREADS_MAX];
    if (argc > 2)
        operations = (unsigned long)atol(argv[2]);
    if (threads > THREADS_MAX)
        return 2;
    rcu_register_thread();
    table = cds_lfht_new(KEYS, KEYS, KEYS, 0, NULL);
    if (table == NULL)
        abort();
    for (unsigned i = 0; i < threads; i++)
        if (pthread_create(&ids[i], NULL, work, (void *)(uintptr_t)(i + 1)) != 0)
            abort();
    for (unsigned i = 0; i < threads; i++)
        pthread_join(ids[i], NULL);
    empty_table();
    ep_rcu_barrier();
    bool is_right =
        atomic_load(&wrong) == 0 && ep_rcu_poll() == 0 && cds_lfht_destroy(table, NULL) == 0;
    rcu_unregister_thread();
    printf("hash_table: %u threads, %lu operations each, %lu found: %s\n", threads, operations,
           atomic_load(&found), is_right ? "right" : "WRONG");
    return is_right ? 0 : 1;
}
