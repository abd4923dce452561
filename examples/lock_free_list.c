/*
 * lock_free_list: a sorted list that threads search, insert into and remove from without a lock.
 *
 *     lock_free_list [THREADS [OPERATIONS]]
 *
 * The list is that of Harris (DISC 2001) with Michael's changes (SPAA 2002): a node is removed by marking its link, and then
 * unlinked by whoever comes by. Two things make such a list hard without garbage collection, and a section takes care of
 * both: a node that was unlinked may still be read by others, so its free is deferred; and its address must not come back
 * as another node while somebody compares with it (ABA), which it cannot while his section is open.
 *
 * Who unlinks a node defers its free: exactly one compare-and-swap unlinks it, so it is deferred once.
 *
 * Ends with 0 when the list is sorted, has as many keys as were inserted and not removed, and nothing is left waiting.
 */
#include <epmalloc/epmalloc.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

enum { THREADS_MAX = 64, KEYS = 512 };

struct node {
    _Atomic(uintptr_t) next; /* the lowest bit: this node is removed */
    unsigned key;
};

static _Atomic(uintptr_t) head;
static unsigned long operations = 100000;
static atomic_long size;

static bool is_removed(uintptr_t link)
{
    return (link & 1) != 0;
}

static struct node *node_of(uintptr_t link)
{
    return (struct node *)(link & ~(uintptr_t)1);
}

static void defer_free(struct node *node)
{
    /* Inside a section nobody may wait: a node that cannot be remembered is lost. */
    if (ep_free_deferred(node) != 0)
        fprintf(stderr, "a node is lost\n");
}

/* The link that leads to the first node whose key is not smaller, and that node in *found; NULL: none.  In a section. */
static _Atomic(uintptr_t) *find(unsigned key, struct node **found)
{
    _Atomic(uintptr_t) *link = &head;
    for (;;) {
        uintptr_t word = atomic_load_explicit(link, memory_order_acquire);
        struct node *node = node_of(word);
        if (is_removed(word)) { /* the node before has been removed: begin anew */
            link = &head;
            continue;
        }
        *found = node;
        if (node == NULL)
            return link;
        uintptr_t next = atomic_load_explicit(&node->next, memory_order_acquire);
        if (!is_removed(next)) {
            if (node->key >= key)
                return link;
            link = &node->next;
        } else if (atomic_compare_exchange_strong(link, &word, next & ~(uintptr_t)1)) {
            defer_free(node);
        } else {
            link = &head;
        }
    }
}

static bool insert(unsigned key)
{
    struct node *node = ep_malloc(sizeof *node);
    bool is_new = node != NULL;
    if (!is_new)
        abort();
    node->key = key;
    ep_epoch_enter();
    for (;;) {
        struct node *found;
        _Atomic(uintptr_t) *link = find(key, &found);
        uintptr_t next = (uintptr_t)found;
        is_new = found == NULL || found->key != key;
        atomic_init(&node->next, next);
        if (!is_new || atomic_compare_exchange_strong(link, &next, (uintptr_t)node))
            break;
    }
    ep_epoch_exit();
    if (!is_new)
        ep_free(node);
    return is_new;
}

static bool remove_key(unsigned key)
{
    bool is_mine = false;
    ep_epoch_enter();
    for (;;) {
        struct node *found;
        _Atomic(uintptr_t) *link = find(key, &found);
        if (found == NULL || found->key != key)
            break;
        uintptr_t next = atomic_load(&found->next);
        is_mine =
            !is_removed(next) && atomic_compare_exchange_strong(&found->next, &next, next | 1);
        if (!is_mine)
            continue;
        uintptr_t word = (uintptr_t)found;
        if (atomic_compare_exchange_strong(link, &word, next))
            defer_free(found);
        break;
    }
    ep_epoch_exit();
    return is_mine;
}

static bool has(unsigned key)
{
    struct node *found;
    ep_epoch_enter();
    (void)find(key, &found);
    bool result = found != NULL && found->key == key;
    ep_epoch_exit();
    return result;
}

static unsigned next_random(unsigned long *state)
{
    *state = *state * 6364136223846793005UL + 1442695040888963407UL;
    return (unsigned)(*state >> 33);
}

static void *work(void *seed)
{
    unsigned long state = (unsigned long)(uintptr_t)seed;
    long mine = 0;
    for (unsigned long i = 0; i < operations; i++) {
        unsigned key = next_random(&state) % KEYS;
        unsigned choice = next_random(&state) % 4;
        if (choice == 0)
            mine += insert(key);
        else if (choice == 1)
            mine -= remove_key(key);
        else
            (void)has(key);
    }
    atomic_fetch_add(&size, mine);
    ep_thread_idle(); /* leaves what still waits to others */
    return NULL;
}

/* Alone with the list: how many keys it has; -1 when they are not in order. */
static long count_keys(void)
{
    long keys = 0;
    const struct node *before = NULL;
    for (struct node *node = node_of(atomic_load(&head)); node != NULL;
         node = node_of(atomic_load(&node->next))) {
        if (before != NULL && before->key >= node->key)
            return -1;
        keys += !is_removed(atomic_load(&node->next));
        before = node;
    }
    return keys;
}

int main(int argc, char **argv)
{
    unsigned threads = argc > 1 ? (unsigned)atoi(argv[1]) : 4;
    pthread_t ids[THREADS_MAX];
    if (argc > 2)
        operations = (unsigned long)atol(argv[2]);
    if (threads > THREADS_MAX)
        return 2;
    for (unsigned i = 0; i < threads; i++)
        if (pthread_create(&ids[i], NULL, work, (void *)(uintptr_t)(i + 1)) != 0)
            abort();
    for (unsigned i = 0; i < threads; i++)
        pthread_join(ids[i], NULL);
    bool is_right = count_keys() == atomic_load(&size);
    for (unsigned key = 0; key < KEYS; key++)
        (void)remove_key(key);
    (void)ep_epoch_barrier();
    struct ep_epoch_stats stats;
    if (ep_epoch_stats(&stats, sizeof stats) != 0 || stats.waiting_blocks != 0 ||
        atomic_load(&head) != 0)
        is_right = false;
    printf("lock_free_list: %u threads, %lu operations each, %zu nodes freed later: %s\n", threads,
           operations, stats.freed_blocks, is_right ? "right" : "WRONG");
    return is_right ? 0 : 1;
}
