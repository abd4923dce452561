/* Blocks of other threads' pools that the thread allocates again: lib/cache/reuse.c.  The owner is the test's thread,
 * the freer another that waits for it. */
#include "unit/alone.h"

#include <sched.h>

#include "cache/batch.h"
#include "cache/ids.h"
#include "cache/reuse.h"
#include "sys/task.h"
#include "unit/caches.h"
#include "unit/thread.h"

enum { CLASS = 3, BLOCKS = 4000, ROOM = 8 };

static void *blocks[BLOCKS];
static struct puppet freer;

static struct bin *bin_of_class(void)
{
    return &ep__thread_cache()->bins[CLASS];
}

/* The calling thread allocates from the class, and may reuse as many blocks of others as it may at first. */
static void open_room(void *own)
{
    *(void **)own = get_block(CLASS);
    bin_of_class()->reuse_most = bin_of_class()->reuse_room = ROOM;
    ep__thread_cache()->reuse_bytes = ROOM * (uint32_t)size_of_class(CLASS);
}

/* Two threads, of which one owns blocks[0..count) and the other reuses; returns the first block's pool. */
static struct pool *begin(unsigned count, void **own)
{
    for (unsigned i = 0; i < count; i++)
        blocks[i] = get_block(CLASS);
    puppet_begin(&freer);
    puppet_do(&freer, open_room, own);
    return pool_of(blocks[0]);
}

/* blocks first .. first + count - 1. */
struct part {
    unsigned first;
    unsigned count;
};

static void free_part(void *argument)
{
    const struct part *part = argument;
    for (unsigned i = 0; i < part->count; i++) {
        ep_free(blocks[part->first + i]);
        check_cache(ep__thread_cache());
    }
}

static void free_by_freer(unsigned first, unsigned count)
{
    struct part part = {first, count};
    puppet_do(&freer, free_part, &part);
}

static void get_one(void *out)
{
    *(void **)out = get_block(CLASS);
    check_cache(ep__thread_cache());
}

static void *get_by_freer(void)
{
    void *p;
    puppet_do(&freer, get_one, &p);
    return p;
}

static void note_withheld(void *count)
{
    const struct batch *batch = ep__batch_withheld(ep__thread_cache(), pool_of(blocks[0]));
    *(uint32_t *)count = batch == NULL ? 0 : batch->count;
}

static uint32_t withheld_by_freer(void)
{
    uint32_t count;
    puppet_do(&freer, note_withheld, &count);
    return count;
}

static void idle(void *unused)
{
    (void)unused;
    ep_thread_idle();
    assert_true(owns_nothing(ep__tls.cache));
    assert_int_equal(ep__tls.cache->reuse_bytes, 0);
}

static void what_is_freed_is_allocated_again_and_no_word_is_touched(void)
{
    void *own;
    struct pool *pool = begin(3, &own);
    uint64_t word = ep__pool_word(pool);
    free_by_freer(0, 3);
    for (unsigned i = 3; i-- > 0;)
        assert_ptr_equal(get_by_freer(), blocks[i]);
    assert_int_equal(ep__pool_word(pool), word);
    assert_int_equal(withheld_by_freer(), 0);
    puppet_end(&freer);
}

static void the_rest_of_the_list_is_set_aside_until_then(void)
{
    void *own;
    (void)begin(1, &own);
    free_by_freer(0, 1);
    assert_ptr_equal(get_by_freer(), blocks[0]);
    assert_ptr_equal(pool_of(get_by_freer()), pool_of(own));
    puppet_end(&freer);
}

static void what_has_no_room_goes_home_and_is_counted_again(void)
{
    void *own;
    (void)begin(2 * ROOM + 1, &own);
    free_by_freer(0, ROOM);
    assert_int_equal(withheld_by_freer(), 0);
    /* All of them are still there: half as many go home before anyone counts again. */
    free_by_freer(ROOM, 1 + ROOM / 2);
    assert_int_equal(withheld_by_freer(), 1 + ROOM / 2);
    for (unsigned i = 0; i < ROOM - 1; i++)
        (void)get_by_freer();
    free_by_freer(2 * ROOM, 1);
    assert_int_equal(withheld_by_freer(), 1 + ROOM / 2);
    assert_ptr_equal(get_by_freer(), blocks[2 * ROOM]);
    puppet_end(&freer);
}

static void an_idle_thread_sends_them_home(void)
{
    void *own;
    struct pool *pool = begin(5, &own);
    free_by_freer(0, 5);
    puppet_do(&freer, idle, NULL);
    assert_int_equal(state_of(pool), EP__OWNED);
    assert_int_equal(count_of(pool), 5);
    puppet_end(&freer);
    ep_free(own);
    (void)check_account();
}

static void an_ending_thread_sends_them_home(void)
{
    void *own;
    struct pool *pool = begin(5, &own);
    free_by_freer(0, 5);
    puppet_end(&freer);
    assert_int_equal(count_of(pool), 5);
    (void)check_account();
}

static void idle_here(struct pool *pool)
{
    ep_thread_idle();
    assert_int_not_equal(state_of(pool), EP__OWNED);
}

/* The pool is released by its owner and adopted by the freer while one of its blocks is on the freer's list. */
static void a_block_whose_pool_the_thread_has_got_since_goes_to_its_list(void)
{
    void *own;
    uint32_t capacity = ep__size_classes[CLASS].capacity;
    struct pool *pool = begin(capacity, &own);
    free_by_freer(0, 2);
    idle_here(pool);
    assert_int_equal(state_of(pool), EP__FULL);
    free_by_freer(2, 1);
    assert_int_equal(state_of(pool), EP__OWNED);
    puppet_do(&freer, idle, NULL);
    assert_int_equal(state_of(pool), EP__PARTIAL);
    assert_int_equal(count_of(pool), 3);
    puppet_end(&freer);
    free_all(blocks + 3, capacity - 3);
    ep_free(own);
    ep_thread_idle();
    assert_int_equal(check_account().blocks_in_use, 0);
}

static void cut(void *unused)
{
    (void)unused;
    struct pool *pool = bin_of_class()->current;
    pool->sink = &pool->list;
}

static void a_cut_list_does_not_grow(void)
{
    void *own;
    (void)begin(2, &own);
    puppet_do(&freer, cut, NULL);
    free_by_freer(0, 2);
    assert_int_equal(withheld_by_freer(), 2);
    puppet_end(&freer);
}

static void a_closed_window_s_blocks_are_not_allocated_again(void)
{
    void *own;
    (void)begin(2, &own);
    ep__windows_close();
    free_by_freer(0, 2);
    assert_int_equal(withheld_by_freer(), 2);
    puppet_end(&freer);
}

static void look_at_the_pool(void *count)
{
    *(uint32_t *)count =
        ep__reuse_count(ep__thread_cache(), pool_of(blocks[0]), pool_of(blocks[0])->class);
}

static void their_count_is_known_to_who_has_them(void)
{
    void *own;
    uint32_t count;
    (void)begin(5, &own);
    free_by_freer(0, 4);
    (void)get_by_freer();
    puppet_do(&freer, look_at_the_pool, &count);
    assert_int_equal(count, 3);
    look_at_the_pool(&count);
    assert_ptr_equal(bin_of_class()->current, pool_of(blocks[0]));
    assert_int_equal(count, ep__pool_count_chain(*ep__cache_head(ep__tls.cache, CLASS)));
    puppet_end(&freer);
}

static void use_one_processor(void)
{
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(sched_getcpu(), &one);
    assert_int_equal(sched_setaffinity(0, sizeof one, &one), 0);
    assert_int_equal(ep__task_processors(), 1);
}

static void note_most(void *most)
{
    *(uint32_t *)most = bin_of_class()->reuse_most;
}

static void drain(void *most)
{
    uint64_t before = bin_of_class()->reuse_sent;
    for (unsigned i = 0; i < BLOCKS && bin_of_class()->reuse_sent == before; i++)
        blocks[i] = get_block(CLASS);
    note_most(most);
}

/* What the freer may reuse after it has freed `sent` blocks of others and its own list has run dry. */
static uint32_t most_after(unsigned sent)
{
    uint32_t most;
    void *own;
    for (unsigned i = 0; i < sent; i++)
        blocks[i] = get_block(CLASS);
    puppet_begin(&freer);
    puppet_do(&freer, get_one, &own);
    free_by_freer(0, sent);
    puppet_do(&freer, drain, &most);
    puppet_end(&freer);
    return most;
}

static void nothing(void *unused)
{
    (void)unused;
    (void)ep__thread_cache();
}

static void it_begins_among_many_threads_whose_blocks_change_hands(void)
{
    struct puppet third;
    use_one_processor();
    puppet_begin(&third);
    puppet_do(&third, nothing, NULL);
    assert_int_equal(most_after(EP__REUSE_AFTER_BLOCKS - 1), 0);
    assert_int_equal(most_after(EP__REUSE_AFTER_BLOCKS), EP__REUSE_FIRST);
    puppet_end(&third);
}

static void it_does_not_begin_where_the_threads_are_few(void)
{
    use_one_processor();
    assert_int_equal(most_after(EP__REUSE_AFTER_BLOCKS), 0);
}

static void room_doubles_to_a_bound(void)
{
    struct cache *cache = ep__thread_cache();
    struct bin *bin = bin_of_class();
    bin->reuse_most = ROOM;
    cache->reuse_bytes = ROOM * (uint32_t)size_of_class(CLASS);
    for (uint32_t most = ROOM; most != EP__REUSE_CLASS_BYTES / size_of_class(CLASS);) {
        bin->reuse_sent = 1;
        ep__reuse_wind(cache, CLASS);
        most = 2 * most < EP__REUSE_CLASS_BYTES / size_of_class(CLASS)
                   ? 2 * most
                   : EP__REUSE_CLASS_BYTES / (uint32_t)size_of_class(CLASS);
        assert_int_equal(bin->reuse_most, most);
        assert_int_equal(bin->reuse_room, most);
    }
    bin->reuse_sent = 1;
    ep__reuse_wind(cache, CLASS);
    assert_int_equal(cache->reuse_bytes, EP__REUSE_CLASS_BYTES);
    cache->reuse_bytes = EP__REUSE_BYTES;
    bin = &cache->bins[CLASS + 1];
    bin->reuse_most = bin->reuse_sent = 1;
    ep__reuse_wind(cache, CLASS + 1);
    assert_int_equal(bin->reuse_most, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        alone(what_is_freed_is_allocated_again_and_no_word_is_touched),
        alone(the_rest_of_the_list_is_set_aside_until_then),
        alone(what_has_no_room_goes_home_and_is_counted_again),
        alone(an_idle_thread_sends_them_home),
        alone(an_ending_thread_sends_them_home),
        alone(a_block_whose_pool_the_thread_has_got_since_goes_to_its_list),
        alone(a_cut_list_does_not_grow),
        alone(a_closed_window_s_blocks_are_not_allocated_again),
        alone(their_count_is_known_to_who_has_them),
        alone(it_begins_among_many_threads_whose_blocks_change_hands),
        alone(it_does_not_begin_where_the_threads_are_few),
        alone(room_doubles_to_a_bound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
