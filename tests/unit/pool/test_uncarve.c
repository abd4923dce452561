/* Un-carving: lib/pool/uncarve.c, with a kernel that refuses. */
#include "unit/alone.h"

#include <sys/syscall.h>

#include "fake/vm_failing.h"
#include "pool/uncarve.h"
#include "sys/vm.h"
#include "unit/memory.h"
#include "unit/pools.h"

enum { CLASS = 15, COLOURS = 3 }; /* blocks of 256 bytes */

static struct block *blocks[CAPACITY_MAX];
static bool is_live[CAPACITY_MAX];
static uint64_t draws = 1;

static uint32_t draw(uint32_t below)
{
    draws = draws * UINT64_C(6364136223846793005) + 1442695040888963407;
    return (uint32_t)(draws >> 33) % below;
}

static size_t bytes_of(const struct pool *pool)
{
    return ep__size_classes[pool->class].bytes;
}

static size_t pool_bytes(const struct pool *pool)
{
    return (size_t)ep__size_classes[pool->class].slots << EP__SLOT_LOG2;
}

static char *page_at(const struct pool *pool, uint32_t page)
{
    return pool->base + page * ep__vm_page_bytes();
}

static uint32_t number_of(struct pool *pool, const struct block *block)
{
    size_t offset = (size_t)((const char *)block - pool->base) - ep__pool_start(pool);
    return (uint32_t)(offset / bytes_of(pool));
}

/* What block i is filled with while it is in use. */
static int filling(uint32_t i)
{
    return (int)(i % 251) + 1;
}

static void got(struct pool *pool, struct block *block)
{
    uint32_t i = number_of(pool, block);
    assert_false(is_live[i]);
    is_live[i] = true;
    blocks[i] = block;
    memset(block, filling(i), bytes_of(pool));
}

/* Every block of a pool is in use. */
static struct pool *make_used(unsigned class, uint32_t colour)
{
    struct pool *pool = ep__pool_acquire(class, colour, false);
    if (pool == NULL)
        pool = ep__pool_acquire(class, colour, true);
    assert_non_null(pool);
    memset(is_live, 0, sizeof is_live);
    struct block *chain;
    while ((chain = ep__carve(pool)) != NULL) {
        for (struct block *next; chain != NULL; chain = next) {
            next = chain->next;
            got(pool, chain);
        }
    }
    return pool;
}

static void free_one(struct pool *pool, uint32_t i)
{
    assert_true(is_all(blocks[i], bytes_of(pool), (unsigned char)filling(i)));
    is_live[i] = false;
    list_blocks(pool, &blocks[i], 1);
    pool->listed++;
}

static void free_range(struct pool *pool, uint32_t from, uint32_t to)
{
    for (uint32_t i = from; i < to; i++)
        free_one(pool, i);
}

static void free_all_but_one_in(struct pool *pool, uint32_t part)
{
    for (uint32_t i = 0; i < capacity_of(pool); i++)
        if (is_live[i] && draw(part) != 0)
            free_one(pool, i);
}

static bool is_pinned(struct pool *pool, uint32_t page)
{
    struct span on = ep__carve_blocks_of(pool, (struct span){page, 1});
    for (uint32_t i = on.first; i < on.first + on.count; i++)
        if (is_live[i])
            return true;
    return false;
}

/* The pages that hold live blocks are in memory, the others are not. */
static void check_pages(struct pool *pool)
{
    size_t page = ep__vm_page_bytes();
    for (uint32_t i = 0; i < pool_bytes(pool) / page; i++)
        assert_int_equal(ep__vm_resident_bytes(page_at(pool, i), page),
                         is_pinned(pool, i) ? page : 0);
}

static void check_books(struct pool *pool)
{
    assert_true(ep__carve_check(pool));
    assert_int_equal(ep__pool_count_chain(pool->list), pool->listed);
    uint32_t live = 0;
    for (uint32_t i = 0; i < capacity_of(pool); i++) {
        if (!is_live[i])
            continue;
        assert_true(is_all(blocks[i], bytes_of(pool), (unsigned char)filling(i)));
        assert_true(ep__carve_has(pool, i));
        live++;
    }
    assert_int_equal(live + pool->listed, pool->carved);
    assert_int_equal(ep__pool_hole_pages(), ep__bits_count(pool->holes));
}

/* Everything that the pool has left is given out: each block once. */
static void use_up(struct pool *pool)
{
    struct block *chain = pool->list;
    pool->list = NULL;
    pool->listed = 0;
    while (chain != NULL || (chain = ep__carve(pool)) != NULL) {
        struct block *next = chain->next;
        got(pool, chain);
        chain = next;
    }
    assert_int_equal(pool->carved, capacity_of(pool));
    assert_int_equal(pool->holes, 0);
    for (uint32_t i = 0; i < capacity_of(pool); i++)
        assert_true(is_live[i]);
}

static void for_classes(void (*act)(struct pool *pool, uint32_t part))
{
    static const uint32_t parts[] = {2, 5, 20, 1000};
    for (unsigned class = 0; class < EP__CLASSES; class ++) {
        for (unsigned i = 0; i < 4; i++) {
            struct pool *pool = make_used(class, draw(COLOURS));
            act(pool, parts[i]);
            free_range(pool, 0, capacity_of(pool));
            ep__pool_empty(pool);
            assert_int_equal(ep__retire_purge_all(NULL) != 0, true);
            assert_int_equal(ep__pool_hole_pages(), 0);
        }
    }
}

static void check_whole_life(struct pool *pool, uint32_t part)
{
    for (unsigned round = 0; round < 3; round++) {
        free_all_but_one_in(pool, part);
        size_t before = ep__vm_resident_bytes(pool->base, pool_bytes(pool));
        size_t gone = ep__uncarve(pool);
        check_books(pool);
        check_pages(pool);
        assert_int_equal(before - ep__vm_resident_bytes(pool->base, pool_bytes(pool)), gone);
        assert_int_equal(ep__uncarve(pool), 0);
        if (round == 1)
            continue; /* holes upon holes */
        use_up(pool);
        check_books(pool);
    }
}

static void pages_without_live_blocks_go_and_come_again(void)
{
    keep_everything();
    for_classes(check_whole_life);
}

static void the_page_in_which_carving_stands_goes_too(void)
{
    for (unsigned i = 0; i < SOME_CLASSES; i++) {
        struct pool *pool = make_pool(some_classes[i]);
        memset(is_live, 0, sizeof is_live);
        for (unsigned pages = 0; pages < 2; pages++)
            for (struct block *block = ep__carve(pool), *next; block != NULL; block = next) {
                next = block->next;
                got(pool, block);
            }
        free_range(pool, 1, pool->carved);
        (void)ep__uncarve(pool);
        check_books(pool);
        check_pages(pool);
        use_up(pool);
    }
}

static void of_a_pool_without_free_blocks_nothing_goes(void)
{
    struct pool *pool = make_used(CLASS, 0);
    assert_int_equal(ep__uncarve(pool), 0);
    check_books(pool);
}

static void what_the_kernel_refuses_stays_carved(void)
{
    struct pool *pool = make_used(CLASS, 1);
    free_all_but_one_in(pool, 20);
    uint32_t listed = pool->listed;
    vm_failing_plan(1, UINT64_MAX);
    assert_int_equal(ep__uncarve(pool), 0);
    vm_failing_plan(0, 0);
    assert_int_equal(pool->listed, listed);
    assert_int_equal(pool->carved, capacity_of(pool));
    check_books(pool);
    assert_true(ep__uncarve(pool) > 0);
    check_pages(pool);
}

/* Of the rows of pages the second is refused. */
static void a_row_that_is_refused_stays_between_those_that_go(void)
{
    struct pool *pool = make_used(CLASS, 0);
    free_range(pool, 0, 40);
    free_range(pool, 60, 100);
    free_range(pool, 120, 160);
    vm_failing_plan(2, 1);
    assert_int_equal(ep__uncarve(pool), 4 * ep__vm_page_bytes());
    vm_failing_plan(0, 0);
    check_books(pool);
    assert_int_equal(ep__uncarve(pool), 2 * ep__vm_page_bytes());
    check_pages(pool);
}

static void locked_pages_stay_carved(void)
{
    struct pool *pool = make_used(CLASS, 0);
    /* Not by mlock(), which sanitizers do nothing for. */
    assert_int_equal(syscall(SYS_mlock, page_at(pool, 3), 1), 0);
    free_range(pool, 0, capacity_of(pool) - 1);
    size_t gone = ep__uncarve(pool);
    check_books(pool);
    assert_int_equal(pool->holes & 8, 0);
    assert_int_equal(gone, ep__bits_count(pool->holes) * ep__vm_page_bytes());
    use_up(pool);
}

/* All but one block a page of a pool that nobody owns, but for those of its second half. */
static struct pool *make_sparse(void)
{
    struct pool *pool = make_used(CLASS, 0);
    free_range(pool, 1, capacity_of(pool));
    ep__pool_release(pool, pool->listed);
    assert_int_equal(state_of(pool), EP__PARTIAL);
    return pool;
}

static void a_partial_pool_keeps_its_count_and_loses_its_pages(void)
{
    struct pool *pool = make_sparse();
    uint32_t count = count_of(pool);
    assert_int_equal(ep__uncarve_all(EP__UNCARVE_CHANGED), 15 * ep__vm_page_bytes());
    assert_int_equal(state_of(pool), EP__PARTIAL);
    assert_int_equal(count_of(pool), count);
    check_pages(pool);
    struct block *chain;
    assert_true(claim(pool, CLASS, &chain));
    assert_null(chain);
    use_up(pool);
}

static void a_partial_pool_is_claimed_again_only_when_it_has_changed(void)
{
    struct pool *pool = make_sparse();
    assert_true(ep__uncarve_all(EP__UNCARVE_CHANGED) != 0);
    uint64_t word = ep__pool_word(pool);
    assert_int_equal(ep__uncarve_all(EP__UNCARVE_CHANGED), 0);
    assert_int_equal(ep__pool_word(pool), word);
    struct block *chain;
    assert_true(claim(pool, CLASS, &chain));
    for (unsigned i = 0; i < 17; i++) {
        if (pool->list == NULL) {
            pool->list = ep__carve(pool);
            pool->listed = ep__pool_count_chain(pool->list);
        }
        struct block *block = pool->list;
        pool->list = block->next;
        pool->listed--;
        got(pool, block);
    }
    ep__pool_release(pool, pool->listed);
    assert_int_equal(ep__uncarve_all(EP__UNCARVE_CHANGED), 0);
    assert_true(ep__pool_word(pool) != word);
    for (uint32_t i = 16; i < 64; i++)
        if (is_live[i])
            assert_int_equal(push_blocks(pool, &blocks[i], 1, false), EP__PUSHED);
    assert_int_equal(ep__uncarve_all(EP__UNCARVE_CHANGED), ep__vm_page_bytes());
}

static void a_quiet_pool_is_one_that_was_seen_before(void)
{
    struct pool *pool = make_used(CLASS, 0);
    free_range(pool, 1, 200);
    ep__pool_release(pool, pool->listed);
    assert_int_equal(ep__uncarve_all(EP__UNCARVE_QUIET), 0);
    assert_int_equal(push_blocks(pool, &blocks[220], 1, false), EP__PUSHED);
    assert_int_equal(ep__uncarve_all(EP__UNCARVE_QUIET), 0);
    assert_int_equal(ep__uncarve_all(EP__UNCARVE_QUIET), 11 * ep__vm_page_bytes());
    assert_int_equal(ep__uncarve_all(EP__UNCARVE_QUIET), 0);
}

/* The last live block comes back while the pool is claimed: it goes back to its arena. */
static void a_pool_with_holes_is_emptied_like_any_other(void)
{
    keep_everything();
    struct pool *pool = make_sparse();
    struct arena *arena = pool->arena;
    unsigned slot = pool->slot;
    assert_true(ep__uncarve_all(EP__UNCARVE_CHANGED) != 0);
    assert_int_equal(push_blocks(pool, &blocks[0], 1, false), EP__EMPTIED);
    assert_true(is_back(pool, arena, slot, 1));
    assert_int_equal(ep__pool_hole_pages(), 0);
    check_arenas();
    pool = make_used(CLASS, 0);
    check_books(pool);
}

static void claim_next(void *unused)
{
    (void)unused;
    struct block *chain;
    struct pool *pool = ep__partial_claim(CLASS, false, &chain);
    assert_non_null(pool);
    ep__pool_release(pool, pool->listed + ep__pool_join(pool, chain));
}

static void a_sparse_pool_stays_hinted(void)
{
    (void)make_sparse();
    assert_true(ep__uncarve_all(EP__UNCARVE_CHANGED) != 0);
    claim_next(NULL);
}

static void uncarve_list(void *pool)
{
    (void)ep__uncarve(pool);
}

static void a_damaged_list_is_reported(void)
{
    struct pool *pool = make_used(CLASS, 0);
    free_range(pool, 0, 20);
    pool->list->next = (struct block *)(void *)(pool->base + (size_t)10 * EP__SLOT_BYTES);
    assert_true(aborts_saying(uncarve_list, pool, "written to when free"));
    pool->list->next = pool->list;
    assert_true(aborts_saying(uncarve_list, pool, "freed twice"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        alone(pages_without_live_blocks_go_and_come_again),
        alone(the_page_in_which_carving_stands_goes_too),
        alone(of_a_pool_without_free_blocks_nothing_goes),
        alone(what_the_kernel_refuses_stays_carved),
        alone(a_row_that_is_refused_stays_between_those_that_go),
        alone(locked_pages_stay_carved),
        alone(a_partial_pool_keeps_its_count_and_loses_its_pages),
        alone(a_partial_pool_is_claimed_again_only_when_it_has_changed),
        alone(a_quiet_pool_is_one_that_was_seen_before),
        alone(a_pool_with_holes_is_emptied_like_any_other),
        alone(a_sparse_pool_stays_hinted),
        alone(a_damaged_list_is_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
