/* The C library's names: lib/api/libc.c, compiled under other names, so that this process keeps its own
 * malloc.  tests/api/libc_contract.c tests the real names. */
#include "unit/alone.h"

#include <epmalloc/epmalloc.h>
#include <errno.h>
#include <malloc.h>

#include "api/zeroed.h"
#include "fake/vm_failing.h"

#define malloc ours_malloc
#define free ours_free
#define calloc ours_calloc
#define realloc ours_realloc
#define reallocarray ours_reallocarray
#define free_sized ours_free_sized
#define free_aligned_sized ours_free_aligned_sized
#define memalign ours_memalign
#define aligned_alloc ours_aligned_alloc
#define posix_memalign ours_posix_memalign
#define valloc ours_valloc
#define pvalloc ours_pvalloc
#define malloc_usable_size ours_malloc_usable_size

void *malloc(size_t size);
void free(void *p);
void *calloc(size_t count, size_t size);
void *realloc(void *p, size_t size);
void *reallocarray(void *p, size_t count, size_t size);
void *memalign(size_t alignment, size_t size);
void *aligned_alloc(size_t alignment, size_t size);
int posix_memalign(void **out, size_t alignment, size_t size);
void *valloc(size_t size);
void *pvalloc(size_t size);
size_t malloc_usable_size(void *p);

#include "../../../lib/api/libc.c"

static size_t count_blocks(void)
{
    struct ep_stats account;
    assert_int_equal(ep_stats(&account, sizeof account), 0);
    return account.blocks_in_use + account.runs_in_use + account.huge_blocks;
}

static void every_allocating_name_gives_a_block_that_every_freeing_name_takes(void)
{
    void *p = NULL;
    assert_int_equal(posix_memalign(&p, 64, 100), 0);
    void *blocks[] = {malloc(100),
                      calloc(10, 10),
                      realloc(NULL, 100),
                      reallocarray(NULL, 10, 10),
                      memalign(64, 100),
                      aligned_alloc(64, 100),
                      valloc(100),
                      pvalloc(100),
                      p};
    for (unsigned i = 0; i < 9; i++) {
        assert_true(ep_owns(blocks[i]));
        assert_true(malloc_usable_size(blocks[i]) >= 100);
        if (i % 3 == 0)
            free(blocks[i]);
        else if (i % 3 == 1)
            free_sized(blocks[i], 100);
        else
            free_aligned_sized(blocks[i], 64, 100);
    }
    assert_int_equal(count_blocks(), 0);
}

static void realloc_of_size_zero_frees(void)
{
    assert_null(realloc(malloc(100), 0));
    assert_null(reallocarray(malloc(100000), 10, 0));
    assert_null(realloc(malloc(10000000), 0));
    assert_int_equal(count_blocks(), 0);
}

static void alignments_of_any_kind_are_taken(void)
{
    assert_int_equal((uintptr_t)memalign(48, 10) % 64, 0);
    assert_int_equal((uintptr_t)aligned_alloc(48, 10) % 64, 0);
    assert_int_equal((uintptr_t)valloc(10) % ep__vm_page_bytes(), 0);
    assert_int_equal((uintptr_t)pvalloc(10) % ep__vm_page_bytes(), 0);
    errno = 0;
    assert_null(memalign(SIZE_MAX, 10));
    assert_int_equal(errno, EINVAL);
}

static void pvalloc_is_whole_pages_and_does_not_wrap(void)
{
    size_t page = ep__vm_page_bytes();
    assert_true(malloc_usable_size(pvalloc(page + 1)) >= 2 * page);
    for (size_t size = SIZE_MAX; size > SIZE_MAX - 3 * page; size -= page / 2) {
        errno = 0;
        assert_null(pvalloc(size));
        assert_int_equal(errno, ENOMEM);
    }
}

static void without_memory_all_fail_alike(void)
{
    void *p = &p;
    vm_failing_plan(1, UINT64_MAX);
    void *none[] = {
        malloc(100),       calloc(10, 10),         realloc(NULL, 100), reallocarray(NULL, 10, 10),
        memalign(64, 100), aligned_alloc(64, 100), valloc(100),        pvalloc(100)};
    assert_int_equal(errno, ENOMEM);
    errno = EDOM;
    assert_int_equal(posix_memalign(&p, 64, 100), ENOMEM);
    vm_failing_plan(0, 0);
    assert_int_equal(errno, EDOM);
    for (unsigned i = 0; i < 8; i++)
        assert_null(none[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        alone(every_allocating_name_gives_a_block_that_every_freeing_name_takes),
        alone(realloc_of_size_zero_frees),
        alone(alignments_of_any_kind_are_taken),
        alone(pvalloc_is_whole_pages_and_does_not_wrap),
        alone(without_memory_all_fail_alike),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
