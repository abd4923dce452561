/* Lookup: lib/cache/lookup.c. */
#include "unit/alone.h"

#include <errno.h>

#include "arena/huge.h"
#include "unit/caches.h"
#include "unit/memory.h"

static enum ep__found found_at(const void *p)
{
    return ep__lookup(p).what;
}

static void before_anything_nothing_is_found(void)
{
    assert_int_equal(found_at(NULL), EP__FOUND_NOTHING);
    assert_int_equal(found_at(&errno), EP__FOUND_NOTHING);
    assert_int_equal(found_at((void *)UINTPTR_MAX), EP__FOUND_NOTHING);
    assert_null(ep__window_at(0));
}

/* Every address at which a block of a pool might start, and those beside it. */
static void check_pool_at(unsigned class, uint32_t colour)
{
    static struct block *blocks[CAPACITY_MAX];
    struct pool *pool = ep__pool_acquire(class, colour, false);
    pool = pool != NULL ? pool : ep__pool_acquire(class, colour, true);
    uint32_t capacity = carve_all(pool, blocks);
    char *first = (char *)blocks[0];
    char *end = first + (size_t)capacity * size_of_class(class);
    for (uint32_t i = 0; i < capacity; i++) {
        struct found found = ep__lookup(blocks[i]);
        assert_int_equal(found.what, EP__FOUND_BLOCK);
        assert_ptr_equal(found.pool, pool);
        assert_int_equal(found_at((char *)blocks[i] + 1), EP__FOUND_MISALIGNED);
        assert_int_equal(found_at((char *)blocks[i] + size_of_class(class) - 1),
                         EP__FOUND_MISALIGNED);
    }
    size_t pool_bytes = (size_t)ep__size_classes[class].slots << EP__SLOT_LOG2;
    for (char *p = pool->base; p < first; p += 16)
        assert_int_equal(found_at(p), EP__FOUND_MISALIGNED);
    for (char *p = end; p < pool->base + pool_bytes; p += 16)
        assert_int_equal(found_at(p), EP__FOUND_MISALIGNED);
    ep__pool_empty(pool);
}

static void the_start_of_every_block_is_found_and_nothing_else(void)
{
    for (unsigned class = 0; class < EP__CLASSES; class ++)
        for (uint32_t colour = 0; colour < ep__size_classes[class].colours; colour += 3)
            check_pool_at(class, colour);
}

static void only_the_start_of_a_run_is_found(void)
{
    for (size_t slots = 1; slots <= 16; slots++) {
        char *p = ep_malloc(slots * EP__SLOT_BYTES);
        assert_non_null(p);
        assert_int_equal(found_at(p), EP__FOUND_RUN);
        assert_ptr_equal(ep__lookup(p).pool->base, p);
        for (size_t i = 0; i < slots; i++) {
            assert_int_equal(found_at(p + i * EP__SLOT_BYTES + 16), EP__FOUND_MISALIGNED);
            if (i != 0)
                assert_int_equal(found_at(p + i * EP__SLOT_BYTES), EP__FOUND_MISALIGNED);
        }
    }
}

static void nobodys_slots_are_free(void)
{
    char *p = ep_malloc(100);
    struct window *window = ep__window_find(p);
    char *end = window->base + ((size_t)window->slot_count << EP__SLOT_LOG2);
    assert_int_equal(found_at((char *)pool_of(p)->base + EP__SLOT_BYTES), EP__FOUND_FREE);
    assert_int_equal(found_at(end - 1), EP__FOUND_FREE);
    assert_int_equal(page_rights(end - 1), NO_ACCESS);
    assert_int_equal(found_at(end), EP__FOUND_NOTHING);
    assert_int_equal(found_at(window->base - 1), EP__FOUND_NOTHING);
}

/* What a slot was before is still written there; nothing is concluded from it. */
static void freed_memory_is_not_found_whatever_it_was(void)
{
    for (size_t size = 1; size <= EP__RUN_BYTES_MAX; size *= 2) {
        char *p = ep_malloc(size);
        char *kept = ep_malloc(size);
        ep_free(p);
        ep_free(kept);
        ep_thread_idle();
        for (size_t offset = 0; offset < size; offset += EP__SLOT_BYTES)
            assert_int_equal(found_at(p + offset), EP__FOUND_FREE);
    }
}

static void a_run_that_was_shrunk_ends_where_it_ends(void)
{
    char *p = ep_malloc(8 * EP__SLOT_BYTES);
    assert_ptr_equal(ep__cache_realloc_inplace(p, 3 * EP__SLOT_BYTES), p);
    assert_int_equal(found_at(p), EP__FOUND_RUN);
    for (size_t slot = 3; slot < 8; slot++)
        assert_true(found_at(p + slot * EP__SLOT_BYTES) == EP__FOUND_FREE ||
                    found_at(p + slot * EP__SLOT_BYTES) == EP__FOUND_MISALIGNED);
    assert_true(ep__arena_acquire_at(ep__lookup(p).pool->arena, ep__lookup(p).pool->slot + 3U, 5));
}

static void blocks_of_their_own_mapping_are_elsewhere(void)
{
    char *p = ep_malloc(4 << 20);
    assert_int_equal(found_at(p), EP__FOUND_NOTHING);
    assert_true(ep__huge_bytes(p) >= 4 << 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        alone(before_anything_nothing_is_found),
        alone(the_start_of_every_block_is_found_and_nothing_else),
        alone(only_the_start_of_a_run_is_found),
        alone(nobodys_slots_are_free),
        alone(freed_memory_is_not_found_whatever_it_was),
        alone(a_run_that_was_shrunk_ends_where_it_ends),
        alone(blocks_of_their_own_mapping_are_elsewhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
