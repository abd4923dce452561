/* handover: whole tables of blocks go round a ring of threads, and who frees them adopts their pools.
 *
 * Claim: a thread that frees what others allocated becomes owner of their full pools; a thread that ends leaves its
 * pools to whoever frees or allocates next.  However often blocks, pools and threads change hands, every block is
 * where it was put, and at rest every byte is accounted for.
 *
 * If it were false: "contents" or "overlap" would name a block of two owners; pools without an owner would be lost,
 * and the account at the end of a round would not be what is live.
 *
 * Shape: a round is a row of short lives.  In each a thread fills its table with one size, so that pools become full,
 * hands the table to its right-hand neighbour and takes what the left-hand one has put there: it frees all of it, or
 * half.  Then it ends, goes idle, or lives on, so that storms of adopted and of orphaned pools meet.
 *
 * Replay: the seed; life n of seat i draws from (seed, n, i).
 */
#include "allocator.h"
#include "harness.h"
#include "workload.h"

enum { TABLE = 2048, LIVES = 24 };

struct seat {
    struct block **table;
    struct stress_random random;
    unsigned number;
    uint64_t life;
};

static const struct stress_settings *settings;
static struct seat seats[STRESS_THREADS_MAX];
static _Atomic(struct block **) ring[STRESS_THREADS_MAX];

static void fill_table(struct seat *seat)
{
    size_t size = stress_random_size(&seat->random, 16, 20000);
    size_t bytes = 0;
    stress_doing("filling a table");
    for (size_t i = 0; i < TABLE && bytes < (size_t)2 << 20; i++) {
        struct block *block = seat->table[i];
        if (block->start == NULL)
            stress_block_got(block, stress_allocator.malloc(size), size, 1);
        bytes += size;
    }
}

/* Ours to the right, the left one's to us: the seats' places in the ring are what goes round. */
static void pass_table(struct seat *seat)
{
    size_t place = (seat->number + 1 + seat->life) % settings->threads;
    stress_doing("hand-over");
    /* order: acq_rel HO -- with pass_table() of the next and the previous holder: the table, its records and what
     * their blocks hold.  No ABA: the exchange looks at nothing. */
    seat->table = ep__exchange_acq_rel(&ring[place], seat->table);
}

static void live_once(struct seat *seat)
{
    fill_table(seat);
    pass_table(seat);
    stress_doing("freeing a table");
    stress_table_free(seat->table, TABLE, &seat->random,
                      stress_random_chance(&seat->random, 1, 2) ? 256 : 128);
    if (stress_random_chance(&seat->random, 1, 4))
        stress_allocator.thread_idle();
}

static void *live(void *argument)
{
    struct seat *seat = argument;
    stress_seat_take(seat->number);
    do
        live_once(seat);
    while (stress_random_chance(&seat->random, 1, 2));
    stress_seat_leave();
    return NULL;
}

/* The lives of one seat, each a thread. */
static void run_seat(unsigned number)
{
    struct seat *seat = &seats[number];
    for (unsigned i = 0; i < LIVES; i++) {
        seat->life++;
        seat->random = stress_random_at(settings->seed, seat->life, number);
        stress_thread_join(stress_thread_start(live, seat));
    }
}

static void run(const struct stress_settings *given)
{
    unsigned rounds = 0;
    settings = given;
    for (unsigned i = 0; i < given->threads; i++) {
        seats[i].number = i;
        seats[i].table = stress_table_make(TABLE);
        /* order: relaxed -- no other thread exists yet */
        ep__store_relaxed(&ring[i], stress_table_make(TABLE));
    }
    for (; rounds == 0 || stress_seconds() < given->seconds; rounds++) {
        stress_team_run(given->threads, run_seat);
        stress_rest_check("account after a round");
    }
    stress_rest_end(given->seed);
    stress_report("rounds=%u", rounds);
}

const struct stress_program stress_program = {
    .name = "handover",
    .seconds = 60,
    .smoke_seconds = 4,
    .threads = 4,
    .run = run,
};
