/* walkers: readers of everything, while arenas are made, retired, taken again and given back.
 *
 * Claim: ep_stats, ep_owns and ep_usable_size may run beside anything; a walker that looks at an arena while it is
 * retired, its memory taken back and its range used again meets no unmapped memory, and comes back.
 *
 * If it were false: a walker would crash or hang, or say that a block which is in use is nobody's; or the account at
 * rest would not be what is live.
 *
 * Shape: movers fill some arenas with blocks, free them and purge, so that arenas come and go all the time; walkers
 * ask all the time, also about a block that they hold.
 * Replay: the seed; mover i draws from (seed, 0, i).
 */
#include "allocator.h"
#include "harness.h"
#include "workload.h"

enum { TABLE = 4096, HELD_BYTES = 5000 };

static const struct stress_settings *settings;
static struct worker movers[STRESS_THREADS_MAX];
static _Atomic(uint64_t) walks;

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

static void walk_once(void *held)
{
    struct ep_stats account;
    stress_doing("walking");
    if (stress_allocator.account(&account))
        stress_require(account.uncertain_bytes <= account.in_use_bytes &&
                           account.arenas_retired <= account.arenas_created,
                       "account: %zu uncertain of %zu, %zu retired of %zu", account.uncertain_bytes,
                       account.in_use_bytes, account.arenas_retired, account.arenas_created);
    stress_require(stress_allocator.owns(held), "a block in use is not owned");
    stress_require(stress_allocator.usable_size(held) >= HELD_BYTES, "usable size %zu of %d bytes",
                   stress_allocator.usable_size(held), HELD_BYTES);
    /* order: relaxed -- a count */
    ep__fetch_add_relaxed(&walks, 1);
}

static void walk(unsigned number)
{
    void *held = stress_allocator.malloc(HELD_BYTES);
    stress_seat_take(STRESS_THREADS_MAX + number);
    while (stress_seconds() < settings->seconds)
        walk_once(held);
    stress_allocator.free(held);
    stress_seat_leave();
}

static void run(const struct stress_settings *given)
{
    enum { WALKERS = 2 };
    struct stress_team moving, walking;
    struct ep_stats account;
    settings = given;
    for (unsigned i = 0; i < given->threads; i++) {
        stress_worker_make(&movers[i], TABLE, NULL, 0);
        movers[i].random = stress_random_at(given->seed, 0, i);
    }
    stress_team_start(&moving, given->threads, move);
    stress_team_start(&walking, WALKERS, walk);
    stress_team_join(&moving);
    stress_team_join(&walking);
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
