/*
 * reclaim: threads replace and read the elements of a table; what they replace waits for the readers.
 *
 *     reclaim --variant SCHEME:MIX[:trace] --threads N --scale S
 *
 * Models caches and flow tables under RCU or epochs, as in the update-heavy runs of Kim, Brown and Singh, "Are Your
 * Epochs Too Epic?" (PPoPP 2024): a table of 65,536 pointers to elements of 64 to 512 bytes; each operation is either a
 * read in a section of its own or a replacement. Mixes: `update`: every second operation replaces; `read`: one in
 * fifty. The operations are split among the threads: 12 million at scale 1 with `update`, 60 million with `read`.
 * With `trace` lines "ms bytes" go to stderr every two milliseconds: what waits.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../scenario/scenario.h"
#include "reclaim.h"

enum { SLOTS = 65536, SMALLEST = 64, LARGEST = 512, THREADS_MAX = 64, TRACE_MS = 2 };

struct node {
    uint64_t bytes; /* behind the scheme's header */
};

struct count {
    _Alignas(64) atomic_size_t bytes;
};

static _Atomic(char *) table[SLOTS];
static const struct scheme *scheme;
static size_t operations;
static unsigned update_every;
static struct count retired[THREADS_MAX], freed;
static atomic_bool has_ended;
static atomic_size_t checksum;

bool reclaim_is_traced;

static struct node *body_of(char *node)
{
    return (struct node *)(void *)(node + scheme->header_bytes);
}

void reclaim_count_freed(const void *node)
{
    atomic_fetch_add_explicit(&freed.bytes, body_of((char *)(uintptr_t)node)->bytes,
                              memory_order_relaxed);
}

static void replace(uint64_t *random, size_t thread)
{
    size_t bytes = scenario_between(random, SMALLEST, LARGEST);
    char *node = scenario_check(malloc(scheme->header_bytes + bytes));
    memset(body_of(node), 1, SMALLEST);
    body_of(node)->bytes = bytes;
    char *old = atomic_exchange(&table[scenario_below(random, SLOTS)], node);
    if (old == NULL)
        return;
    if (reclaim_is_traced)
        atomic_fetch_add_explicit(&retired[thread].bytes, body_of(old)->bytes,
                                  memory_order_relaxed);
    scheme->retire(old);
}

static size_t read_one(uint64_t *random)
{
    size_t seen = 0;
    scheme->enter();
    char *node = atomic_load_explicit(&table[scenario_below(random, SLOTS)], memory_order_acquire);
    if (node != NULL)
        seen = body_of(node)->bytes;
    scheme->leave();
    return seen;
}

static void run_thread(size_t thread)
{
    uint64_t random = scenario_seed(thread);
    size_t sum = 0;
    scheme->begin_thread((unsigned)thread);
    for (size_t i = 0; i < operations; i++) {
        if (i % update_every == 0)
            replace(&random, thread);
        else
            sum += read_one(&random);
    }
    scheme->end_thread();
    atomic_fetch_add(&checksum, sum);
}

static size_t waiting(void)
{
    size_t bytes = 0;
    if (scheme->waiting_bytes != NULL)
        return scheme->waiting_bytes();
    for (unsigned i = 0; i < THREADS_MAX; i++)
        bytes += atomic_load_explicit(&retired[i].bytes, memory_order_relaxed);
    return bytes - atomic_load_explicit(&freed.bytes, memory_order_relaxed);
}

static void *trace(void *start)
{
    while (!atomic_load(&has_ended)) {
        fprintf(stderr, "%.3f %zu\n", (double)(scenario_now_ns() - *(uint64_t *)start) / 1e6,
                waiting());
        scenario_sleep_ms(TRACE_MS);
    }
    return NULL;
}

static void fill(void)
{
    uint64_t random = scenario_seed(77);
    scheme->begin_thread(THREADS_MAX);
    for (size_t i = 0; i < (size_t)SLOTS * 4; i++)
        replace(&random, 0);
    scheme->end_thread();
    scheme->drain();
}

static _Noreturn void refuse(void)
{
    fprintf(stderr,
            "reclaim: --variant is SCHEME:update or SCHEME:read, perhaps with :trace; schemes:");
    for (const struct scheme *s = reclaim_schemes; s->name != NULL; s++)
        fprintf(stderr, " %s", s->name);
    fprintf(stderr, "\n");
    exit(2);
}

static void choose(struct scenario *s)
{
    const char *mix = strchr(s->variant, ':');
    if (mix == NULL)
        refuse();
    for (scheme = reclaim_schemes; scheme->name != NULL; scheme++)
        if (strncmp(s->variant, scheme->name, (size_t)(mix - s->variant)) == 0)
            break;
    if (scheme->name == NULL || s->threads > THREADS_MAX)
        refuse();
    bool is_update = strncmp(mix, ":update", 7) == 0;
    if (!is_update && strncmp(mix, ":read", 5) != 0)
        refuse();
    reclaim_is_traced = strstr(mix, ":trace") != NULL;
    update_every = is_update ? 2 : 50;
    operations = scenario_scaled(s, (is_update ? 12e6 : 60e6) / s->threads);
}

int main(int argc, char **argv)
{
    struct scenario s;
    pthread_t tracer;
    scenario_start(&s, "reclaim", argc, argv);
    choose(&s);
    fill();
    s.start_ns = scenario_now_ns();
    if (reclaim_is_traced && pthread_create(&tracer, NULL, trace, &s.start_ns) != 0)
        return 1;
    scenario_run_threads(s.threads, run_thread);
    scenario_stop_clock(&s);
    atomic_store(&has_ended, true);
    if (reclaim_is_traced)
        pthread_join(tracer, NULL);
    scheme->drain();
    scenario_report_with(&s, "sum", (double)checksum);
    return 0;
}
