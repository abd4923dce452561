/* Deferred frees from end to end: chunks that are filled, closed, polled, handed over and taken.
 *
 * A block of T1's is reachable through `shared`; it is unlinked and deferred by one thread while another reads it in a
 * section.  A block that is freed is written into, so an early free is a race, or a wrong word.
 */
#include "cache/deferred.h"
#include "cache/section.h"
#include "cache/thread.h"
#include "scenarios.h"
#include "slots.h"
#include "threads_model.h"

/* A request of CLASS_SMALL. */
enum { BYTES = (CLASS_SMALL + 1) * 16, THREADS = 3 };

static struct cache *caches[THREADS];
static struct block *blocks[2];
static _Atomic(struct block *) shared[2];
static _Atomic(uint64_t) calls;

/* T1, T2 and T3 are born; nobody owns the pool of both blocks; a slab of chunks is there; what is freed goes to the
 * pool at once. */
static void all_born(void)
{
    keep_everything();
    (void)ep__option_set(EP__OPTION_BATCH_BYTES, 0);
    (void)make_arena(40);
    threads_have_locals();
    for (unsigned i = 0; i < THREADS; i++) {
        threads_act_as(i);
        caches[i] = ep__thread_cache();
    }
    for (unsigned i = 0; i < 2; i++) {
        blocks[i] = ep__cache_malloc(BYTES);
        world_got(blocks[i]);
        ep__store_relaxed(&shared[i], blocks[i]);
    }
    world_name_pool(ep__pool_at(world_window(), ep__window_slot(world_window(), blocks[0])), "A");
    ep__thread_release_all(ep__tls.cache, false);
    ep__chunk_give_back(ep__chunk_take());
    name_object(&ep__grace_now, sizeof ep__grace_now, SHAPE_NUMBER, "now");
    name_object(&ep__grace_over, sizeof ep__grace_over, SHAPE_NUMBER, "over");
    threads_act_as(THREADS_MAX);
}

static void begin(void)
{
    world_begin();
    threads_begin();
}

/* Unlinks a block and defers its free; for the books it is given back. */
static void defer(unsigned i)
{
    model_doing("unlink and defer");
    struct block *block = ep__exchange_acq_rel(&shared[i], NULL);
    world_giving(block);
    model_assert(ep__deferred_free(block, false) == 0);
    world_gave(block);
}

static void poll(void)
{
    model_doing("poll");
    (void)ep__deferred_poll(ep__tls.cache);
}

static void read_block(unsigned i)
{
    model_doing("read in a section");
    ep__section_enter();
    struct block *block = ep__load_acquire(&shared[i]);
    if (block != NULL) {
        uint64_t *words = (uint64_t *)(void *)block;
        uint64_t stamp = words[0];
        model_assert(words[1] == 0 && words[0] == stamp);
    }
    ep__section_exit();
}

static void defer_and_poll(void)
{
    defer(0);
    poll();
}

/* Both in one chunk: the second is seen by sections that begin after the first was deferred. */
static void defer_both_and_poll(void)
{
    defer(0);
    defer(1);
    poll();
}

static void defer_and_exit(void)
{
    defer(0);
    threads_exit();
}

static void defer_other_and_exit(void)
{
    defer(1);
    threads_exit();
}

static void read_first(void)
{
    read_block(0);
}

static void read_second(void)
{
    read_block(1);
}

static void note_call(void *block)
{
    model_assert(block == blocks[0]);
    (void)ep__fetch_add_relaxed(&calls, 1);
}

static void call_and_exit(void)
{
    model_doing("defer a call");
    model_assert(ep__deferred_call((struct call){note_call, blocks[0]}, false) == 0);
    threads_exit();
}

/* What still waits is left behind and polled, and then each block is in one place. */
static void free_all_at_rest(void)
{
    for (unsigned i = 0; i < THREADS; i++)
        ep__deferred_hand_over(caches[i]);
    model_assert(ep__deferred_poll(caches[0]) == 0);
    for (unsigned i = 0; i <= EP__WAITING_BYTES; i++)
        model_assert(ep__deferred_orphans((enum ep__count)i) == 0);
    world_at_rest();
}

static void one_call_at_rest(void)
{
    free_all_at_rest();
    model_assert(ep__load_relaxed(&calls) == 1);
}

#define DEFERRED .begin = begin, .state = world_state, .at_rest = free_all_at_rest

const struct scenario scenarios_deferred[] = {
    {"deferred-read", "one defers and polls while another reads", all_born,
     .threads = {defer_and_poll, read_first}, DEFERRED},
    {"deferred-both", "two blocks in one chunk; the second is read", all_born,
     .threads = {defer_both_and_poll, read_second}, DEFERRED},
    {"deferred-exit", "one defers and exits while a second reads and a third polls", all_born,
     .threads = {defer_and_exit, read_first, poll}, DEFERRED},
    {"deferred-exits", "two defer and exit", all_born,
     .threads = {defer_and_exit, defer_other_and_exit}, DEFERRED},
    {"deferred-takers", "one defers and exits, two poll", all_born,
     .threads = {defer_and_exit, poll, poll}, DEFERRED},
    {"deferred-call", "a call is left behind and polled", all_born,
     .threads = {call_and_exit, poll}, .begin = begin, .at_rest = one_call_at_rest},
    {.name = NULL},
};
