/* thread_churn: ten thousand threads live shortly, and memory stays bounded.
 *
 * Claim: a thread's exit gives up all it held.  Control blocks, pools and batches of threads that have
 * ended are used again, so resident memory and the allocator's own memory do not grow with the
 * number of threads that ever lived.  A thread may allocate and free in its last destructor, after the
 * allocator has let go of it; a thread that only frees leaves nothing behind either.
 *
 * If it were false: what is resident would climb with the number of threads, or the account at the end would
 * not be exact.
 *
 * Bound, asserted where the allocator is epmalloc and printed everywhere; "early" is the first fifth of
 * the threads:
 *   resident        <= most of early + 10 % + 16 MiB (what retain lets stay, and pools in part used)
 *   metadata_bytes  <= at the end of early + 256 KiB
 *
 * Replay: the seed; thread n's draws are those of (seed, 0, n).  --seconds does not count here: a run is
 * 10,000 threads (1,500 with --smoke), as many at once as --threads says.
 */
#include "allocator.h"
#include "harness.h"
#include "memory.h"
#include "workload.h"

enum { TABLE = 256, LAST_WORDS = 2, SAMPLE_EVERY = 50 };

/* A chain runs one short thread after the other on the same table. */
struct chain {
    struct worker worker;
    struct block *last_words; /* what a thread's destructor allocates and frees */
    unsigned number;
    unsigned destructions;
    uint64_t thread_number;
};

static const struct stress_settings *settings;
static struct exchange exchange;
static struct chain chains[STRESS_THREADS_MAX];
static struct stress_series *series;
static pthread_key_t last_words_key;
static _Atomic(uint64_t) next_thread;
static uint64_t all_threads;
static size_t early_metadata;

/* Runs in the thread's exit, again and again as far as the C library lets it: the allocator's own
 * destructor comes somewhere in between. */
static void speak_last_words(void *argument)
{
    struct chain *chain = argument;
    size_t size = 1 + stress_random_below(&chain->worker.random, 5000);
    stress_doing("destructor");
    if (chain->last_words->start != NULL)
        stress_record_free(chain->last_words, &chain->worker.random);
    stress_block_got(chain->last_words, stress_allocator.malloc(size), size, 1);
    if (chain->destructions++ < LAST_WORDS)
        (void)pthread_setspecific(last_words_key, chain);
    else
        stress_seat_leave();
}

/* A thread that allocates nothing and frees much. */
static void only_free(struct chain *chain)
{
    stress_table_free(chain->worker.table, TABLE, &chain->worker.random, 128);
}

static void *live_shortly(void *argument)
{
    struct chain *chain = argument;
    struct worker *worker = &chain->worker;
    stress_seat_take(chain->number);
    chain->destructions = 0;
    worker->random = stress_random_at(settings->seed, 0, chain->thread_number);
    worker->tide.left = 0;
    if (stress_random_chance(&worker->random, 1, 2))
        stress_require(pthread_setspecific(last_words_key, chain) == 0, "pthread_setspecific");
    if (stress_random_chance(&worker->random, 1, 8))
        only_free(chain);
    else
        stress_work(worker, stress_random_below(&worker->random, 400));
    if (pthread_getspecific(last_words_key) == NULL)
        stress_seat_leave();
    return NULL;
}

static void run_chain(unsigned number)
{
    struct chain *chain = &chains[number];
    for (;;) {
        /* order: relaxed -- a number that nobody else gets */
        chain->thread_number = ep__fetch_add_relaxed(&next_thread, 1);
        if (chain->thread_number >= all_threads)
            return;
        stress_thread_join(stress_thread_start(live_shortly, chain));
        if (number == 0 && chain->thread_number % SAMPLE_EVERY < settings->threads)
            stress_series_add(series, (double)chain->thread_number);
    }
}

static size_t read_metadata(void)
{
    struct ep_stats account;
    return stress_allocator.account(&account) ? account.metadata_bytes : 0;
}

/* Runs threads until `threads` of them have been born since the beginning. */
static void run_until(uint64_t threads)
{
    /* order: relaxed -- no chain runs now */
    ep__store_relaxed(&next_thread, all_threads);
    all_threads = threads;
    stress_team_run(settings->threads, run_chain);
}

static void make_chains(void)
{
    stress_exchange_make(&exchange, 256);
    for (unsigned i = 0; i < settings->threads; i++) {
        chains[i].number = i;
        chains[i].last_words = *stress_table_make(1);
        stress_worker_make(&chains[i].worker, TABLE, &exchange, (size_t)64 << 10);
    }
}

static void check_bounds(uint64_t early_threads)
{
    size_t early = stress_series_most(series, 0, (double)early_threads);
    size_t late = stress_series_most(series, (double)early_threads, 1e18);
    size_t bound = early + early / 10 + ((size_t)16 << 20);
    size_t metadata = read_metadata();
    stress_report("threads=%llu early_kib=%zu late_kib=%zu bound_kib=%zu metadata_kib=%zu->%zu",
                  (unsigned long long)all_threads, early >> 10, late >> 10, bound >> 10,
                  early_metadata >> 10, metadata >> 10);
    stress_bound("threads after the first fifth", late, bound);
    stress_require(metadata <= early_metadata + ((size_t)256 << 10),
                   "the allocator's own memory: %zu bytes, and %zu after a fifth of the threads",
                   metadata, early_metadata);
}

static void run(const struct stress_settings *given)
{
    uint64_t threads = given->smoke ? 1500 : 10000;
    settings = given;
    stress_has_registry = false;
    stress_require(pthread_key_create(&last_words_key, speak_last_words) == 0,
                   "pthread_key_create");
    series = stress_map_resident(sizeof *series);
    make_chains();
    run_until(threads / 5);
    early_metadata = read_metadata();
    stress_rest_check("account after a fifth of the threads");
    run_until(threads);
    check_bounds(threads / 5);
    stress_rest_end(given->seed);
}

const struct stress_program stress_program = {
    .name = "thread_churn",
    .seconds = 60,
    .smoke_seconds = 4,
    .threads = 4,
    .run = run,
};
