/* walkers: readers of everything, while arenas are made, retired, taken again and given back.
 *
 * Claim: ep_stats, ep_owns, ep_usable_size and the walks may run beside anything; a walker that looks at an arena while
 * it is retired, its memory taken back and its range used again meets no unmapped memory, and comes back; a block that
 * stays in use is shown by every walk once, and never as free; visits may allocate and free.
 *
 * If it were false: a walker would crash or hang, or say that a block which is in use is nobody's, or not show it; or
 * the account and the walk at rest would not be what is live.
 *
 * Shape: movers fill some arenas with blocks, free them and purge, so that arenas come and go all the time; walkers
 * ask all the time, also about blocks that they hold: one of their own pools, and one of the main thread's.
 * Replay: the seed; mover i draws from (seed, 0, i).
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "allocator.h"
#include "harness.h"
#include "workload.h"

enum { TABLE = 4096, HELD_BYTES = 5000 };

static const struct stress_settings *settings;
static struct worker movers[STRESS_THREADS_MAX];
static _Atomic(uint64_t) walks;
static void *held_by_main;
static int nowhere = -1; /* a file whose contents nobody reads */

static void move_once(struct worker *worker)
{
    size_t size = stress_random_size(&worker->random, 512, 100000);
    stress_doing("filling arenas");
    for (size_t i = 0, bytes = 0; i < TABLE && bytes < (size_t)12 << 20; i++, bytes += size)
        if (worker->table[i]->start == NULL)
            stress_block_got(worker->table[i], stress_allocator.malloc(size), size, 1);
    unsigned share = stress_random_chance(&worker->random, 1, 2) ? 256 : 224;
    stress_table_free(worker->table, TABLE, &worker->random, share);
    if (stress_random_chance(&worker->random, 1, 4))
        stress_allocator.thread_idle();
    stress_doing("purge");
    stress_allocator.purge();
}

static void move(unsigned number)
{
    stress_seat_take(number);
    while (stress_seconds() < settings->seconds)
        move_once(&movers[number]);
    stress_seat_leave();
}

static int check_class(const struct ep_class *class, void *last_bytes)
{
    uint64_t pools = class->pools_owned + class->pools_full + class->pools_partial;
    uint64_t blocks = class->blocks_in_use + class->blocks_available;
    stress_require(class->block_bytes > *(uint64_t *)last_bytes, "classes are not in order");
    stress_require(class->blocks_uncertain <= class->blocks_in_use && (pools != 0 || blocks == 0),
                   "class of %llu: %llu blocks in %llu pools",
                   (unsigned long long)class->block_bytes, (unsigned long long)blocks,
                   (unsigned long long)pools);
    *(uint64_t *)last_bytes = class->block_bytes;
    return 0;
}

/* One walk over blocks, and the blocks that it must show. */
struct round {
    struct stress_random random;
    void *held[2]; /* by the walker itself; by the main thread */
    unsigned shown[2];
    uint64_t window;
    const char *end; /* of the last block in the window */
    unsigned visits;
};

/* The kernel says whether a byte may be read: reading it here would race with its owner. */
static void require_readable(const void *p)
{
    stress_require(syscall(SYS_pwrite64, nowhere, p, 1, 0) == 1, "walk: %p cannot be read: %s", p,
                   strerror(errno));
}

static void check_held(struct round *round, const struct ep_block *block)
{
    for (unsigned i = 0; i < 2; i++) {
        if (block->start != round->held[i])
            continue;
        bool is_right =
            block->state == EP_BLOCK_IN_USE || (i == 1 && block->state == EP_BLOCK_UNKNOWN);
        stress_require(is_right, "walk: a held block is shown in state %d", (int)block->state);
        round->shown[i]++;
    }
}

static int check_block(const struct ep_block *block, void *argument)
{
    struct round *round = argument;
    check_held(round, block);
    if (block->pool->kind != EP_HUGE) {
        if (block->pool->arena->window != round->window)
            round->end = NULL;
        round->window = block->pool->arena->window;
        stress_require((const char *)block->start >= round->end, "walk: blocks are not in order");
        round->end = (const char *)block->start + block->bytes;
        if (round->visits % 256 == 0)
            require_readable(block->start);
    }
    if (++round->visits % 1024 == 0)
        stress_allocator.free(
            stress_allocator.malloc(stress_random_size(&round->random, 16, 2000000)));
    return 0;
}

static int check_pool(const struct ep_pool *pool, void *unused)
{
    (void)unused;
    stress_require(pool->in_use_least <= pool->in_use_most && pool->in_use_most <= pool->blocks &&
                       pool->blocks * pool->block_bytes <= pool->bytes,
                   "walk: a pool of %llu blocks of %llu has %llu to %llu in use",
                   (unsigned long long)pool->blocks, (unsigned long long)pool->block_bytes,
                   (unsigned long long)pool->in_use_least, (unsigned long long)pool->in_use_most);
    return 0;
}

static void walk_heap(struct round *round)
{
    round->end = NULL;
    round->shown[0] = round->shown[1] = 0;
    if (stress_allocator.walk_pools != NULL)
        (void)stress_allocator.walk_pools(check_pool, NULL);
    if (stress_allocator.walk_blocks == NULL)
        return;
    (void)stress_allocator.walk_blocks(check_block, round);
    for (unsigned i = 0; i < 2; i++)
        stress_require(round->shown[i] == 1, "walk: a held block is shown %u times",
                       round->shown[i]);
}

static void walk_once(struct round *round)
{
    struct ep_stats account;
    uint64_t last_bytes = 0;
    void *held = round->held[0];
    stress_doing("walking");
    if (stress_allocator.account(&account))
        stress_require(account.uncertain_bytes <= account.in_use_bytes &&
                           account.arenas_retired <= account.arenas_created,
                       "account: %zu uncertain of %zu, %zu retired of %zu", account.uncertain_bytes,
                       account.in_use_bytes, account.arenas_retired, account.arenas_created);
    if (stress_allocator.walk_classes != NULL)
        (void)stress_allocator.walk_classes(check_class, &last_bytes);
    walk_heap(round);
    stress_require(stress_allocator.owns(held), "a block in use is not owned");
    stress_require(stress_allocator.usable_size(held) >= HELD_BYTES, "usable size %zu of %d bytes",
                   stress_allocator.usable_size(held), HELD_BYTES);
    /* order: relaxed -- a count */
    ep__fetch_add_relaxed(&walks, 1);
}

static void walk(unsigned number)
{
    struct round round = {.random = stress_random_at(settings->seed, 2, number),
                          .held = {stress_allocator.malloc(HELD_BYTES), held_by_main}};
    stress_seat_take(STRESS_THREADS_MAX + number);
    while (stress_seconds() < settings->seconds)
        walk_once(&round);
    stress_allocator.free(round.held[0]);
    stress_seat_leave();
}

static void run(const struct stress_settings *given)
{
    enum { WALKERS = 2 };
    struct stress_team moving, walking;
    struct ep_stats account;
    settings = given;
    held_by_main = stress_allocator.malloc(HELD_BYTES);
    nowhere = memfd_create("nowhere", MFD_CLOEXEC);
    stress_require(nowhere >= 0, "memfd_create: %s", strerror(errno));
    for (unsigned i = 0; i < given->threads; i++) {
        stress_worker_make(&movers[i], TABLE, NULL, 0);
        movers[i].random = stress_random_at(given->seed, 0, i);
    }
    stress_team_start(&moving, given->threads, move);
    stress_team_start(&walking, WALKERS, walk);
    stress_team_join(&moving);
    stress_team_join(&walking);
    stress_allocator.free(held_by_main);
    (void)close(nowhere);
    stress_rest_end(given->seed);
    /* order: relaxed -- all threads have been joined */
    stress_report("walks=%llu", (unsigned long long)ep__load_relaxed(&walks));
    if (!stress_allocator.account(&account))
        return;
    stress_require(account.arenas_retired > 0, "no arena was retired");
    stress_report("retired=%zu", account.arenas_retired);
}

const struct stress_program stress_program = {
    .name = "walkers",
    .seconds = 60,
    .smoke_seconds = 4,
    .threads = 2,
    .run = run,
};
