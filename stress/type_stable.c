/* type_stable: threads hold, find and free objects of a type-stable cache while its slabs come and go.
 *
 * Claim: what a section has found in a cache with EP_CACHE_TYPE_STABLE is an object of that type until the section ends,
 * also when it is freed and given out again meanwhile; nobody holds an object that another holds; constructors run
 * once a block; at the end the cache can be destroyed, and nothing of it is left.
 *
 * If it were false: "not a session" would say what a reader found where a session was, in its section; "two hold" that an
 * object was given out twice; "constructed" that a constructor ran on an object in use; "account" what is left.
 *
 * Shape: the program of docs/type_stable.md.  A table of sessions, each of words that its constructor has written and
 * nobody changes, a key, and a count of holders.  Threads find sessions in sections (some stall there), hold them and
 * check the key again; replace them; allocate and free hundreds at once, so that slabs empty; and use blocks of the
 * slabs' size for something else.  Every third thread lives for a burst only, and one forks.
 *
 * Its own synchronisation: edge TS, the table's slots and the holders' counts, from who puts or lets go to who finds.
 *
 * Replay: the seed; the n-th life of seat i draws from (seed, n, i).
 */
#include <errno.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "allocator.h"
#include "harness.h"
#include "memory.h"
#include "oracle.h"
#include "random.h"

enum { SLOTS = 64, WORDS = 40, BURST_MAX = 700, SEATS_MAX = 32, SLAB_BYTES = 1 << 16 };

struct session {
    _Atomic(uint32_t) holders; /* 0: free */
    _Atomic(uint64_t) key;
    uint64_t type[WORDS]; /* the constructor's */
};

struct seat {
    unsigned number;
    struct stress_random random;
};

static const struct stress_settings *settings;
static struct ep_cache *cache;
static _Atomic(struct session *) table[SLOTS];
static _Atomic(uint64_t) constructed, found, changed;

static void construct(void *block)
{
    struct session *session = block;
    for (uint32_t i = 0; i < WORDS; i++)
        session->type[i] = stress_hash(i);
    /* order: relaxed -- the block is the caller's */
    ep__store_relaxed(&session->holders, 0);
    /* order: relaxed -- a sum */
    ep__fetch_add_relaxed(&constructed, 1);
}

static void check_type(const struct session *session)
{
    for (uint32_t i = 0; i < WORDS; i++)
        stress_require(session->type[i] == stress_hash(i), "not a session: word %u of %p is 0x%llx",
                       i, (const void *)session, (unsigned long long)session->type[i]);
}

static struct session *make_session(uint64_t key)
{
    struct session *session = ep_cache_alloc(cache);
    stress_require(session != NULL, "no memory for a session");
    check_type(session);
    /* order: relaxed -- readers check again */
    ep__store_relaxed(&session->key, key);
    /* order: acq_rel TS -- with hold(): the key */
    uint32_t before = ep__fetch_add_acq_rel(&session->holders, 1);
    stress_require(before == 0, "two hold %p: %u holders", (void *)session, before);
    return session;
}

static bool hold(struct session *session)
{
    /* order: relaxed -- the swap decides */
    uint32_t holders = ep__load_relaxed(&session->holders);
    /* order: acq_rel TS -- with make_session() and let_go() */
    while (holders != 0)
        if (ep__cas_weak_acq_rel(&session->holders, &holders, holders + 1))
            return true;
    return false;
}

static void let_go(struct session *session)
{
    /* order: acq_rel TS -- with hold() and make_session() */
    if (ep__fetch_add_acq_rel(&session->holders, UINT32_MAX) == 1)
        ep_cache_free(cache, session);
}

static void linger(struct seat *seat)
{
    size_t choice = stress_random_below(&seat->random, 4096);
    if (choice == 0)
        stress_sleep(0.02);
    else if (choice < 32)
        stress_sleep(0.0001);
}

/* Finds the session of a slot, and looks at it again and again, whoever has it by then. */
static void find_one(struct seat *seat)
{
    stress_doing("finding");
    ep_epoch_enter();
    /* order: acquire TS -- with replace(): the session */
    struct session *session = ep__load_acquire(&table[stress_random_below(&seat->random, SLOTS)]);
    bool is_held = false;
    uint64_t key = 0;
    if (session != NULL) {
        check_type(session);
        /* order: relaxed -- checked again below */
        key = ep__load_relaxed(&session->key);
        linger(seat);
        check_type(session);
        is_held = hold(session);
    }
    ep_epoch_exit();
    if (!is_held)
        return;
    /* order: relaxed -- the session is held, so the key does not change */
    bool is_same = ep__load_relaxed(&session->key) == key;
    /* order: relaxed -- sums */
    ep__fetch_add_relaxed(is_same ? &found : &changed, 1);
    let_go(session);
}

static void replace(struct seat *seat)
{
    stress_doing("replacing");
    struct session *session = make_session(stress_random_below(&seat->random, UINT32_MAX));
    /* order: acq_rel TS -- with find_one() and replace(): the sessions */
    struct session *old =
        ep__exchange_acq_rel(&table[stress_random_below(&seat->random, SLOTS)], session);
    if (old != NULL)
        let_go(old);
}

/* Slabs fill and empty. */
static void burst(struct seat *seat)
{
    struct session *sessions[BURST_MAX];
    size_t count = stress_random_below(&seat->random, BURST_MAX);
    stress_doing("a burst");
    for (size_t i = 0; i < count; i++)
        sessions[i] = make_session(i);
    for (size_t i = 0; i < count; i++)
        let_go(sessions[i]);
}

/* What slabs were made of becomes something else. */
static void use_run(struct seat *seat)
{
    void *runs[4];
    stress_doing("using runs");
    for (unsigned i = 0; i < 4; i++) {
        runs[i] = ep_malloc(SLAB_BYTES);
        stress_require(runs[i] != NULL, "no memory for a run");
        memset(runs[i], (int)stress_random_below(&seat->random, 256), SLAB_BYTES);
    }
    for (unsigned i = 0; i < 4; i++)
        ep_free(runs[i]);
}

static void step(struct seat *seat)
{
    size_t choice = stress_random_below(&seat->random, 1024);
    if (choice < 700)
        find_one(seat);
    else if (choice < 1000)
        replace(seat);
    else if (choice < 1008)
        burst(seat);
    else if (choice < 1016)
        use_run(seat);
    else
        (void)ep_epoch_poll();
}

static bool is_time_over(void)
{
    return stress_seconds() >= settings->seconds;
}

static void *live_for_a_burst(void *argument)
{
    struct seat *seat = argument;
    stress_seat_take(seat->number);
    for (size_t i = stress_random_below(&seat->random, 2000); i > 0; i--)
        step(seat);
    stress_seat_leave();
    return NULL;
}

static void *live_in_bursts(void *argument)
{
    struct seat *seat = argument;
    for (uint64_t life = 1; !is_time_over(); life++) {
        seat->random = stress_random_at(settings->seed, life, seat->number);
        stress_thread_join(stress_thread_start(live_for_a_burst, seat));
    }
    return NULL;
}

static void live_as_child(struct seat *seat)
{
    (void)alarm(settings->patience_seconds / 2 + 1);
    for (unsigned i = 0; i < 300; i++)
        step(seat);
    _exit(0);
}

static void *live(void *argument)
{
    struct seat *seat = argument;
    seat->random = stress_random_at(settings->seed, 0, seat->number);
    stress_seat_take(seat->number);
    while (!is_time_over()) {
        step(seat);
        if (seat->number != 1 || !stress_random_chance(&seat->random, 1, 2000))
            continue;
        stress_doing("fork");
        pid_t child = stress_fork();
        if (child == 0)
            live_as_child(seat);
        stress_child_await(child, 0, "a child");
    }
    stress_seat_leave();
    return NULL;
}

static void check_end(void)
{
    for (unsigned i = 0; i < SLOTS; i++) {
        /* order: acquire TS -- with replace() */
        struct session *session = ep__exchange_acquire(&table[i], NULL);
        if (session != NULL)
            let_go(session);
    }
    stress_require(ep_cache_destroy(cache) == 0, "the cache goes on: errno %d", errno);
    stress_require(ep_epoch_barrier() == 0, "ep_epoch_barrier at the end: errno %d", errno);
    ep_thread_idle();
    stress_tally_check(&(struct stress_tally){0}, "account of the empty heap");
}

static void run(const struct stress_settings *given)
{
    static struct seat seats[SEATS_MAX];
    pthread_t threads[SEATS_MAX];
    settings = given;
    cache = ep_cache_create(sizeof(struct session), 0, EP_CACHE_TYPE_STABLE, construct);
    stress_require(cache != NULL, "no cache: errno %d", errno);
    unsigned count = given->threads < SEATS_MAX ? given->threads : SEATS_MAX;
    for (unsigned i = 0; i < count; i++) {
        seats[i].number = i;
        threads[i] = stress_thread_start(i % 3 == 2 ? live_in_bursts : live, &seats[i]);
    }
    for (unsigned i = 0; i < count; i++)
        stress_thread_join(threads[i]);
    check_end();
    /* order: relaxed -- all threads have been joined */
    unsigned long long built = ep__load_relaxed(&constructed), same = ep__load_relaxed(&found),
                       other = ep__load_relaxed(&changed);
    stress_report("constructed=%llu found=%llu changed=%llu", built, same, other);
}

const struct stress_program stress_program = {
    .name = "type_stable",
    .seconds = 60,
    .smoke_seconds = 2,
    .threads = 5,
    .run = run,
};
