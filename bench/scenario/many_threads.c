/*
 * many_threads: 1,000 short-lived threads at a time.
 *
 * Models a server with a thread per connection, after the observation of Lever and Boreham,
 * "malloc() Performance in a Multithreaded Linux Environment" (USENIX 2000), that what an
 * allocator keeps for each thread is paid for as often as there are threads: --threads threads
 * are born, each allocates a request's worth of blocks, all are alive together, each frees its
 * blocks and ends, and the next thousand comes.
 *
 * 60 blocks of 16-1024 bytes and a buffer of 12,000 bytes, 43 KiB a thread: what an allocator sets
 * aside for a thread by itself stands beside that a thousand times. 12 generations, so what is not
 * cleaned up at an exit adds up.  rss_idle_kib is read 1 s after the last thread has gone.
 */
#include "scenario.h"

#include <pthread.h>
#include <stdlib.h>

enum { BLOCKS = 60, BUFFER_BYTES = 12000, STACK_BYTES = 64 << 10 };

static pthread_barrier_t all_alive, all_seen;

static void *serve(void *argument)
{
    uint64_t random = scenario_seed((size_t)argument);
    void *blocks[BLOCKS], *buffer = scenario_check(malloc(BUFFER_BYTES));

    scenario_touch(buffer, BUFFER_BYTES);
    for (size_t i = 0; i < BLOCKS; i++) {
        size_t size = scenario_between(&random, 16, 1024);

        blocks[i] = scenario_check(malloc(size));
        scenario_touch(blocks[i], size);
    }
    pthread_barrier_wait(&all_alive);
    pthread_barrier_wait(&all_seen);
    for (size_t i = 0; i < BLOCKS; i++)
        free(blocks[i]);
    free(buffer);
    return NULL;
}

static void run_generation(unsigned threads)
{
    static pthread_t handles[SCENARIO_THREADS_MAX];
    pthread_attr_t attributes;

    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, STACK_BYTES);
    for (unsigned i = 0; i < threads; i++) {
        if (pthread_create(&handles[i], &attributes, serve, (void *)(size_t)i) != 0)
            abort();
    }
    pthread_barrier_wait(&all_alive);
    scenario_note_rss();
    pthread_barrier_wait(&all_seen);
    for (unsigned i = 0; i < threads; i++)
        pthread_join(handles[i], NULL);
    pthread_attr_destroy(&attributes);
}

int main(int argc, char **argv)
{
    struct scenario s;
    size_t generations;

    scenario_start(&s, "many_threads", argc, argv);
    generations = scenario_scaled(&s, 12);
    pthread_barrier_init(&all_alive, NULL, s.threads + 1);
    pthread_barrier_init(&all_seen, NULL, s.threads + 1);
    for (size_t n = 0; n < generations; n++)
        run_generation(s.threads);
    scenario_stop_clock(&s);
    scenario_sleep_ms(1000);
    scenario_report_with(&s, "rss_idle_kib", (double)scenario_rss_kib());
    return 0;
}
