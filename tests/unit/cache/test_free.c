/* What the fast path of free does not do: lib/cache/free.c.
 * Length: above 400 lines, because a pool goes through all its owners here, and misuse is seen here too. */
#include "unit/alone.h"

#include <errno.h>

#include "arena/huge.h"
#include "cache/free.h"
#include "unit/caches.h"
#include "unit/memory.h"
#include "unit/thread.h"

enum { CLASS = 31 /* 512 bytes */, BLOCKS = 40000 };

static void *blocks[BLOCKS];

static struct bin *bin_of(unsigned class)
{
    return &ep__thread_cache()->bins[class];
}

/* The descriptor of the slot in which a block starts. */
static struct pool *slot_of(const void *p)
{
    struct pool *pool = pool_of(p);
    return pool + (((const char *)p - pool->base) >> EP__SLOT_LOG2);
}

/* One full pool that the thread holds, its blocks in `blocks`, beside a current one; returns its capacity. */
static unsigned hold_one(unsigned class)
{
    keep_full(class);
    unsigned count = get_pools(class, 1, blocks);
    blocks[count] = get_block(class);
    assert_int_equal(pool_of(blocks[0])->place, EP__IN_HELD);
    assert_ptr_not_equal(pool_of(blocks[count]), pool_of(blocks[0]));
    return count;
}

static void a_block_freed_into_the_current_pool_is_the_next_to_be_given_out(void)
{
    for (unsigned class = 0; class < EP__CLASSES; class ++) {
        void *p = get_block(class);
        void *q = get_block(class);
        ep_free(p);
        ep_free(q);
        assert_ptr_equal(get_block(class), q);
        assert_ptr_equal(get_block(class), p);
    }
}

static void the_parked_countdown_comes_round_and_nothing_is_concluded(void)
{
    for (unsigned class = 0; class < EP__CLASSES; class ++) {
        for (unsigned i = 0; i < 5; i++)
            blocks[i] = get_block(class);
        struct pool *pool = pool_of(blocks[4]);
        assert_ptr_equal(bin_of(class)->current, pool);
        for (unsigned i = 0; i < ep__size_classes[class].slots; i++)
            pool[i].countdown = 3;
        free_all(blocks, 5);
        assert_ptr_equal(bin_of(class)->current, pool);
        assert_int_equal(pool->place, EP__IN_CURRENT);
        assert_int_equal(state_of(pool), EP__OWNED);
        assert_int_equal(count_of(pool), 0);
        for (unsigned i = 5; i-- > 0;)
            assert_ptr_equal(get_block(class), blocks[i]);
        check_cache(ep__tls.cache);
    }
}

static void a_countdown_that_came_round_is_parked_again(void)
{
    blocks[0] = get_block(CLASS);
    struct pool *slot = slot_of(blocks[0]);
    slot->countdown = 1;
    ep_free(blocks[0]);
    assert_int_equal(slot->countdown, EP__POOL_PARKED);
}

/* After so many frees a pool is usable at latest.  In a pool of several slots an event may come one free a slot later. */
static unsigned usable_after(unsigned class)
{
    const struct size_class *size = &ep__size_classes[class];
    return size->slots == 1 ? size->usable_at : size->usable_at + size->slots;
}

/* Frees a held pool's blocks in some order; it is usable, and then gone or a reserve, no later than promised. */
static void check_events(unsigned class, unsigned stride)
{
    unsigned count = hold_one(class);
    struct pool *pool = pool_of(blocks[0]);
    for (unsigned i = 0; i < count; i++) {
        ep_free(blocks[(uint64_t)i * stride % count]);
        check_cache(ep__tls.cache);
        if (i + 1 < usable_after(class))
            continue;
        if (i + 1 < count)
            assert_int_equal(pool->place, EP__IN_USABLE);
    }
    assert_int_equal(ep__pool_listed(pool), count);
    assert_int_equal(bin_of(class)->usable.count, 1);
    ep_free(blocks[count]);
    ep_thread_idle();
}

static void a_held_pool_is_usable_when_a_part_of_it_is_free(void)
{
    assert_true(ep__option_set(EP__OPTION_THREAD_BYTES, PTRDIFF_MAX));
    for (unsigned i = 0; i < SOME_CLASSES; i++) {
        check_events(some_classes[i], 1);
        /* Primes that divide no capacity. */
        check_events(some_classes[i], 4099);
        check_events(some_classes[i], 7919);
    }
}

/* Of four pools that are full, held or nobody's, and are then freed. */
static void check_reserve(unsigned class, bool are_held)
{
    unsigned capacity = ep__size_classes[class].capacity;
    bin_of(class)->keeps = are_held ? EP__KEEPS_MAX : 0;
    unsigned count = get_pools(class, 4, blocks);
    blocks[count] = get_block(class);
    struct pool *pools[4];
    for (unsigned j = 0; j < 4; j++) {
        pools[j] = pool_of(blocks[j * capacity]);
        assert_int_equal(state_of(pools[j]), are_held ? EP__OWNED : EP__FULL);
    }
    free_all(blocks, count);
    unsigned back = 0;
    for (unsigned j = 0; j < 4; j++)
        back += state_of(pools[j]) == EP__FREE;
    assert_in_range(back, 2, 3);
    assert_int_equal(bin_of(class)->usable.count + bin_of(class)->held.count, 4 - back);
    check_cache(ep__tls.cache);
    ep_free(blocks[count]);
    ep_thread_idle();
}

static void of_pools_that_are_wholly_free_one_is_kept(void)
{
    keep_everything();
    assert_true(ep__option_set(EP__OPTION_THREAD_BYTES, PTRDIFF_MAX));
    for (unsigned i = 0; i < SOME_CLASSES; i++) {
        check_reserve(some_classes[i], true);
        check_reserve(some_classes[i], false);
    }
    assert_int_equal(check_account().available_bytes, 0);
}

struct part {
    unsigned first;
    unsigned count;
};

static void free_part(void *argument)
{
    const struct part *part = argument;
    free_all(blocks + part->first, part->count);
}

static void settling_takes_what_others_freed(void)
{
    unsigned count = hold_one(CLASS);
    struct pool *pool = pool_of(blocks[0]);
    struct part part = {0, 20};
    on_thread(free_part, &part);
    assert_int_equal(count_of(pool), 20);
    unsigned usable_at = ep__size_classes[CLASS].usable_at;
    free_all(blocks + 20, usable_at);
    assert_int_equal(count_of(pool), 0);
    assert_int_equal(ep__pool_listed(pool), 20 + usable_at);
    assert_int_equal(pool->place, EP__IN_USABLE);
    check_cache(ep__tls.cache);
    assert_true(count > 20 + usable_at);
}

static void a_pool_that_others_and_its_owner_have_emptied_goes_to_its_arena(void)
{
    keep_everything();
    unsigned count = hold_one(CLASS);
    struct pool *pool = pool_of(blocks[0]);
    struct arena *arena = pool->arena;
    unsigned slot = pool->slot;
    struct part part = {1, count - 1};
    on_thread(free_part, &part);
    ep_free(blocks[0]);
    ep__free_settle(ep__tls.cache, pool);
    /* It may be the class's reserve: then it is all on its list. */
    if (state_of(pool) == EP__OWNED)
        assert_int_equal(ep__pool_listed(pool), count);
    else
        assert_true(is_back(pool, arena, slot, ep__size_classes[CLASS].slots));
    check_cache(ep__tls.cache);
}

static void an_adopted_pool_is_ones_own(void)
{
    struct block *all[CAPACITY_MAX];
    for (unsigned i = 0; i < SOME_CLASSES; i++) {
        struct pool *pool = make_full(some_classes[i], all);
        ep_free(all[1]);
        struct cache *cache = ep__tls.cache;
        assert_int_equal(mapped_owner(pool), cache->tag);
        assert_int_equal(ep__pool_listed(pool), 1);
        assert_int_equal(bin_of(some_classes[i])->keeps, 0);
        check_cache(cache);
        for (unsigned j = 2; j < usable_after(some_classes[i]) + 1; j++)
            ep_free(all[j]);
        assert_int_equal(pool->place, EP__IN_USABLE);
        check_cache(cache);
    }
}

struct adoption {
    struct part part;
    struct pool *pool;
    uint32_t tag;   /* the freer's */
    uint32_t keeps; /* the freer's, for the class */
};

static void free_and_note(void *argument)
{
    struct adoption *adoption = argument;
    free_part(&adoption->part);
    adoption->tag = ep__tls.tag;
    adoption->keeps = bin_of(adoption->pool->class)->keeps;
    assert_int_equal(ep__pool_listed(adoption->pool), adoption->part.count);
    check_cache(ep__tls.cache);
}

/* Whose pool it was does not matter. */
static void who_frees_into_a_full_pool_first_has_it(void)
{
    struct puppet freer;
    unsigned count = get_pools(CLASS, 1, blocks);
    blocks[count] = get_block(CLASS);
    struct adoption adoption = {.part = {0, 3}, .pool = pool_of(blocks[0])};
    puppet_begin(&freer);
    puppet_do(&freer, free_and_note, &adoption);
    assert_int_not_equal(adoption.tag, ep__tls.tag);
    assert_int_equal(mapped_owner(adoption.pool), adoption.tag);
    assert_int_equal(count_of(adoption.pool), 0);
    /* It was another's, which says nothing about the freer's own. */
    assert_int_equal(adoption.keeps, 0);
    ep_free(blocks[3]);
    assert_int_equal(mapped_owner(adoption.pool), adoption.tag);
    assert_int_equal(bin_of(CLASS)->keeps, 0);
    puppet_end(&freer);
    check_cache(ep__tls.cache);
}

static void a_thread_that_gets_its_own_pool_back_holds_its_next_full_ones(void)
{
    unsigned count = get_pools(CLASS, 1, blocks);
    blocks[count++] = get_block(CLASS);
    struct pool *pool = pool_of(blocks[0]);
    assert_int_equal(state_of(pool), EP__FULL);
    ep_free(blocks[0]);
    assert_int_equal(mapped_owner(pool), ep__tls.tag);
    for (unsigned class = 0; class < EP__CLASSES; class ++)
        assert_int_equal(bin_of(class)->keeps, class == CLASS ? EP__KEEPS_MAX : 0);
    pool = pool_of(blocks[count - 1]);
    while (bin_of(CLASS)->current == pool)
        (void)get_block(CLASS);
    assert_int_equal(state_of(pool), EP__OWNED);
    assert_int_equal(pool->place, EP__IN_HELD);
    check_cache(ep__tls.cache);
}

/* Allocates from a usable pool of the thread's until all its blocks are out, and lets go of it. */
static void use_up(void *pool)
{
    do
        (void)get_block(CLASS);
    while (ep__tls.heads[CLASS + 1] != NULL);
    assert_ptr_equal(bin_of(CLASS)->current, pool);
    ep_thread_idle();
}

/* Who released it last counts, not who filled it first. */
static void a_pool_that_another_has_had_since_is_not_ones_own(void)
{
    struct puppet other;
    unsigned count = get_pools(CLASS, 1, blocks);
    blocks[count] = get_block(CLASS);
    struct pool *pool = pool_of(blocks[0]);
    unsigned usable_at = ep__size_classes[CLASS].usable_at;
    puppet_begin(&other);
    puppet_do(&other, free_part, &(struct part){0, usable_at});
    puppet_do(&other, use_up, pool);
    assert_int_equal(state_of(pool), EP__FULL);
    ep_free(blocks[usable_at]);
    assert_int_equal(mapped_owner(pool), ep__tls.tag);
    assert_int_equal(bin_of(CLASS)->keeps, 0);
    puppet_end(&other);
}

static bool is_mine(const struct pool *pool)
{
    const struct bin *bin = bin_of(pool->class);
    bool found = bin->current == pool;
    for (const struct pool *own = bin->usable.first; own != NULL; own = own->next)
        found = found || own == pool;
    for (const struct pool *own = bin->held.first; own != NULL; own = own->next)
        found = found || own == pool;
    return found;
}

/* Frees a block; says whether it went to the word of a pool that was the thread's own. */
static bool is_sent_to_own_word(void *p)
{
    struct pool *pool = pool_of(p);
    uint32_t before = count_of(pool);
    bool mine = is_mine(pool);
    if (mine)
        assert_int_equal(ep__load_relaxed(&ep__tls.owners[ep__window_slot(ep__window_at(0), p)]),
                         ep__tls.tag);
    ep_free(p);
    return mine && state_of(pool) == EP__OWNED && count_of(pool) > before;
}

static void free_some(void *unused)
{
    (void)unused;
    for (unsigned i = 0; i < BLOCKS; i += 5) {
        ep_free(blocks[i]);
        blocks[i] = NULL;
    }
}

static void the_remote_path_of_an_own_pool_is_never_taken(void)
{
    uint64_t random = 3;
    unsigned sent = 0;
    for (unsigned round = 0; round < 4; round++) {
        for (unsigned i = 0; i < BLOCKS; i++)
            if (blocks[i] == NULL)
                blocks[i] = get_block(i % EP__CLASSES % 60);
        on_thread(free_some, NULL);
        for (unsigned i = 0; i < BLOCKS; i++) {
            random = random * UINT64_C(6364136223846793005) + 1442695040888963407;
            if (blocks[i] == NULL || random >> 63)
                continue;
            sent += is_sent_to_own_word(blocks[i]);
            blocks[i] = NULL;
        }
        check_cache(ep__tls.cache);
        if (round == 1)
            ep_thread_idle();
    }
    assert_int_equal(sent, 0);
}

static void runs_and_huge_blocks_go_where_they_came_from(void)
{
    keep_nothing();
    errno = EDOM;
    void *run = ep_malloc(300000);
    void *huge = ep_malloc(3 << 20);
    ep_free(run);
    assert_int_equal(check_arenas().used_slots, 0);
    ep_free(huge);
    assert_int_equal(ep__huge_in_use_blocks(), 0);
    assert_int_equal(errno, EDOM);
}

static void null_is_nothing(void)
{
    errno = EDOM;
    ep__cache_free(NULL);
    ep_free(NULL);
    assert_null(ep__tls.cache);
    assert_int_equal(errno, EDOM);
}

static void a_foreign_pointer_is_named_and_ignored(void)
{
    struct capture capture;
    char output[1024];
    char local = 'x';
    errno = EDOM;
    assert_int_equal(capture_begin(&capture), 0);
    /* One place in the program: not to be unrolled. */
    for (volatile unsigned i = 0; i < 3; i++)
        ep__cache_free(&local);
    assert_int_equal(errno, EDOM);
    capture_end(&capture, output, sizeof output);
    assert_non_null(strstr(output, "free of 0x"));
    assert_ptr_equal(strchr(output, '\n'), strrchr(output, '\n'));
    assert_int_equal(local, 'x');
}

static void free_again(void *p)
{
    ep_free(p);
}

static void a_block_freed_twice_in_an_emptied_pool_is_misuse(void)
{
    keep_everything();
    void *p = get_block(CLASS);
    ep_free(p);
    ep_thread_idle();
    assert_true(aborts_saying(free_again, p, "double free, or free into an empty pool, of"));
}

static void a_pointer_into_a_block_is_misuse_where_it_is_seen(void)
{
    char *p = ep_malloc(300000);
    assert_true(aborts_saying(free_again, p + 16, "does not start a block"));
    assert_true(aborts_saying(free_again, p + EP__SLOT_BYTES, "does not start a block"));
    char *q = get_block(CLASS);
    ep_thread_idle();
    assert_true(aborts_saying(free_again, q + 16, "does not start a block"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        alone(a_block_freed_into_the_current_pool_is_the_next_to_be_given_out),
        alone(the_parked_countdown_comes_round_and_nothing_is_concluded),
        alone(a_countdown_that_came_round_is_parked_again),
        alone(a_held_pool_is_usable_when_a_part_of_it_is_free),
        alone(of_pools_that_are_wholly_free_one_is_kept),
        alone(settling_takes_what_others_freed),
        alone(a_pool_that_others_and_its_owner_have_emptied_goes_to_its_arena),
        alone(an_adopted_pool_is_ones_own),
        alone(who_frees_into_a_full_pool_first_has_it),
        alone(a_thread_that_gets_its_own_pool_back_holds_its_next_full_ones),
        alone(a_pool_that_another_has_had_since_is_not_ones_own),
        alone(the_remote_path_of_an_own_pool_is_never_taken),
        alone(runs_and_huge_blocks_go_where_they_came_from),
        alone(null_is_nothing),
        alone(a_foreign_pointer_is_named_and_ignored),
        alone(a_block_freed_twice_in_an_emptied_pool_is_misuse),
        alone(a_pointer_into_a_block_is_misuse_where_it_is_seen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
