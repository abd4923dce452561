/* Caches of one type as programs see them: lib/api/stable.c. */
#include "unit/alone.h"

#include <epmalloc/epmalloc.h>
#include <errno.h>

enum { BLOCKS = 3000 };

static unsigned constructed;

static void construct(void *block)
{
    constructed++;
    assert_int_not_equal(*(char *)block, 0x33);
    memset(block, 0x33, 48);
}

static void refuse(size_t size, size_t align, unsigned flags)
{
    errno = 0;
    assert_null(ep_cache_create(size, align, flags, NULL));
    assert_int_equal(errno, EINVAL);
}

static void arguments_outside_the_contract_are_refused(void)
{
    refuse(65537, 0, 0);
    refuse(SIZE_MAX, 0, 0);
    refuse(16, 3, 0);
    refuse(16, 8192, 0);
    refuse(16, 0, 2);
}

static void blocks_are_aligned_as_asked(void)
{
    for (size_t align = 1; align <= 4096; align *= 2) {
        struct ep_cache *cache = ep_cache_create(40, align, 0, NULL);
        void *blocks[100];
        for (unsigned i = 0; i < 100; i++) {
            blocks[i] = ep_cache_alloc(cache);
            assert_int_equal((uintptr_t)blocks[i] % (align < 16 ? 16 : align), 0);
            memset(blocks[i], 1, 40);
        }
        for (unsigned i = 0; i < 100; i++)
            ep_cache_free(cache, blocks[i]);
        assert_int_equal(ep_cache_destroy(cache), 0);
    }
}

static void a_constructor_is_called_once_a_block(void)
{
    static char *blocks[BLOCKS];
    struct ep_cache *cache = ep_cache_create(48, 0, EP_CACHE_TYPE_STABLE, construct);
    for (unsigned round = 0; round < 2; round++) {
        for (unsigned i = 0; i < BLOCKS; i++) {
            if (round == 0 || i % 100 != 0)
                blocks[i] = ep_cache_alloc(cache);
            for (unsigned byte = 0; byte < 48; byte++)
                assert_int_equal(blocks[i][byte], 0x33);
        }
        assert_true(round == 1 || constructed == BLOCKS);
        /* Every hundredth stays, and so all slabs do. */
        for (unsigned i = 0; i < BLOCKS; i++)
            if (round == 1 || i % 100 != 0)
                ep_cache_free(cache, blocks[i]);
    }
    assert_int_equal(ep_cache_destroy(cache), 0);
}

static void errno_tells_why_a_cache_goes_on(void)
{
    struct ep_cache *cache = ep_cache_create(48, 0, 0, NULL);
    void *block = ep_cache_alloc(cache);
    errno = 0;
    assert_int_equal(ep_cache_destroy(cache), -1);
    assert_int_equal(errno, EBUSY);
    ep_cache_free(cache, block);
    errno = EINTR;
    assert_int_equal(ep_cache_destroy(cache), 0);
    assert_int_equal(errno, EINTR);
}

static void nothing_is_fine(void)
{
    struct ep_cache *cache = ep_cache_create(0, 0, 0, NULL);
    errno = EINTR;
    ep_cache_free(cache, NULL);
    assert_int_equal(ep_cache_destroy(NULL), 0);
    assert_int_equal(ep_cache_destroy(cache), 0);
    assert_int_equal(errno, EINTR);
}

static void its_blocks_are_not_those_of_ep_malloc(void)
{
    struct ep_cache *cache = ep_cache_create(100, 0, 0, NULL);
    void *block = ep_cache_alloc(cache);
    assert_false(ep_owns(block));
    assert_int_equal(ep_usable_size(block), 0);
    ep_cache_free(cache, block);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        alone(arguments_outside_the_contract_are_refused),
        alone(blocks_are_aligned_as_asked),
        alone(a_constructor_is_called_once_a_block),
        alone(errno_tells_why_a_cache_goes_on),
        alone(nothing_is_fine),
        alone(its_blocks_are_not_those_of_ep_malloc),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
