/*
 * replacing: what deferring frees costs in arenas.
 *
 *     replacing free|deferred [THREADS [ELEMENTS]]
 *
 * Threads replace elements of 64 to 4096 bytes of one table, a million each, and read ten in a section for each that
 * they replace; half way through the table shrinks to an eighth and grows again.  Elements are freed at once, by who
 * unlinked them (readers then do not look into them), or deferred.  Prints the most arenas there were at once, arenas
 * left at the end when the table is an eighth, milliseconds, and the most bytes that waited.
 */
#include <epmalloc/epmalloc.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { REPLACED = 1000000, THREADS_MAX = 64, READS = 10 };

static _Atomic(char *) *table;
static size_t elements = 100000;
static unsigned threads = 4;
static int is_deferred;
static _Atomic(size_t) most_waiting;
static _Atomic(size_t) refusals; /* at deferred_bytes */

static unsigned long next(unsigned long *state)
{
    *state += 0x9e3779b97f4a7c15UL;
    unsigned long value = (*state ^ *state >> 30) * 0xbf58476d1ce4e5b9UL;
    value = (value ^ value >> 27) * 0x94d049bb133111ebUL;
    return value ^ value >> 31;
}

static void end_element(char *element)
{
    if (!is_deferred)
        ep_free(element);
    else if (ep_free_deferred(element) != 0) {
        refusals++;
        (void)ep_epoch_barrier();
        ep_free(element);
    }
}

static void put(size_t i, char *element)
{
    end_element(atomic_exchange(&table[i], element));
}

static void replace(size_t i, unsigned long random)
{
    size_t bytes = (size_t)64 << random % 7;
    char *element = ep_malloc(bytes);
    if (element == NULL)
        abort();
    memset(element, 1, bytes);
    put(i, element);
}

static void read_some(unsigned long *state)
{
    static _Thread_local volatile char sum;
    ep_epoch_enter();
    for (int i = 0; i < READS; i++) {
        char *element = atomic_load_explicit(&table[next(state) % elements], memory_order_acquire);
        if (element != NULL && is_deferred)
            sum = (char)(sum + element[0]);
    }
    ep_epoch_exit();
}

static void note_waiting(void)
{
    struct ep_epoch_stats stats;
    if (ep_epoch_stats(&stats, sizeof stats) != 0)
        abort();
    size_t most = atomic_load(&most_waiting);
    while (stats.waiting_bytes > most &&
           !atomic_compare_exchange_weak(&most_waiting, &most, stats.waiting_bytes)) {
    }
}

static void *run(void *argument)
{
    unsigned long state = (unsigned long)argument;
    for (int i = 0; i < REPLACED; i++) {
        unsigned long random = next(&state);
        size_t place = random / 8 % elements;
        if (i > REPLACED / 2 && i < REPLACED / 2 + REPLACED / 8 && place > elements / 8)
            put(place, NULL);
        else
            replace(place, next(&state));
        read_some(&state);
        if (i % 1000 == 0)
            note_waiting();
    }
    ep_thread_idle();
    return NULL;
}

int main(int argc, char **argv)
{
    pthread_t ids[THREADS_MAX];
    struct timespec start, end;
    struct ep_stats account;
    if (argc < 2)
        return 2;
    is_deferred = strcmp(argv[1], "deferred") == 0;
    if (argc > 2)
        threads = (unsigned)atoi(argv[2]);
    if (argc > 3)
        elements = (size_t)atol(argv[3]);
    table = ep_calloc(elements, sizeof *table);
    if (table == NULL || threads > THREADS_MAX)
        return 1;
    clock_gettime(CLOCK_MONOTONIC, &start);
    for (unsigned long i = 0; i < threads; i++)
        if (pthread_create(&ids[i], NULL, run, (void *)(i + 1)) != 0)
            return 1;
    for (unsigned i = 0; i < threads; i++)
        pthread_join(ids[i], NULL);
    clock_gettime(CLOCK_MONOTONIC, &end);
    for (size_t i = elements / 8; i < elements; i++)
        put(i, NULL);
    while (ep_epoch_poll() != 0) {
    }
    (void)ep_purge();
    if (ep_stats(&account, sizeof account) != 0)
        return 1;
    printf("%s arenas_most=%zu arenas_left=%zu ms=%.0f waiting_most_kib=%zu refusals=%zu\n",
           argv[1], account.arenas_highwater, account.arenas,
           (double)(end.tv_sec - start.tv_sec) * 1e3 + (double)(end.tv_nsec - start.tv_nsec) / 1e6,
           atomic_load(&most_waiting) >> 10, atomic_load(&refusals));
    return 0;
}
