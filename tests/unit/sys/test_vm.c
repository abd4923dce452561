/* Virtual memory: lib/sys/vm_linux.c against what the kernel says. */
#include "unit/alone.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>

#include "sys/vm.h"
#include "unit/memory.h"

enum { PAGES = 64 };

static size_t page;

static char *map(size_t pages)
{
    page = ep__vm_page_bytes();
    char *start = ep__vm_map(pages * page);
    assert_non_null(start);
    return start;
}

static void pages_and_limits_are_the_systems(void)
{
    struct rlimit limit;
    struct sysinfo machine;
    assert_int_equal(ep__vm_page_bytes(), sysconf(_SC_PAGESIZE));
    assert_int_equal(sysinfo(&machine), 0);
    assert_int_equal(ep__vm_machine_bytes(), (size_t)machine.totalram * machine.mem_unit);
    assert_int_equal(getrlimit(RLIMIT_AS, &limit), 0);
    limit.rlim_cur = RLIM_INFINITY;
    if (setrlimit(RLIMIT_AS, &limit) == 0)
        assert_int_equal(ep__vm_limit_bytes(), SIZE_MAX);
    limit.rlim_cur = (rlim_t)1 << 50;
    assert_int_equal(setrlimit(RLIMIT_AS, &limit), 0);
    assert_int_equal(ep__vm_limit_bytes(), (size_t)1 << 50);
}

static void mapped_memory_is_zero_and_can_be_written(void)
{
    char *start = map(PAGES);
    assert_int_equal(page_rights(start), CAN_READ + CAN_WRITE);
    assert_true(is_all(start, PAGES * page, 0));
    memset(start, 1, PAGES * page);
    assert_true(ep__vm_unmap(start, PAGES * page));
    assert_int_equal(page_rights(start), UNMAPPED);
}

static void reserved_memory_becomes_readable_writable_and_reserved_again(void)
{
    page = ep__vm_page_bytes();
    char *start = ep__vm_reserve(PAGES * page);
    assert_non_null(start);
    assert_int_equal(page_rights(start), NO_ACCESS);
    assert_true(ep__vm_allow_read(start, 2 * page));
    assert_int_equal(page_rights(start + page), CAN_READ);
    assert_int_equal(page_rights(start + 2 * page), NO_ACCESS);
    assert_true(is_all(start, 2 * page, 0));
    assert_true(ep__vm_commit(start, 4 * page));
    assert_int_equal(page_rights(start + 3 * page), CAN_READ + CAN_WRITE);
    memset(start, 1, 4 * page);
    assert_true(ep__vm_decommit(start, 4 * page));
    assert_int_equal(page_rights(start), NO_ACCESS);
    assert_int_equal(page_rights(start + 3 * page), NO_ACCESS);
    assert_true(ep__vm_commit(start, 4 * page));
    assert_true(is_all(start, 4 * page, 0));
}

static void resident_bytes_are_the_pages_in_memory(void)
{
    enum { MANY = 1000 };
    char *start = map(MANY);
    assert_int_equal(ep__vm_resident_bytes(start, MANY * page), 0);
    for (unsigned i = 0; i < MANY; i += 10)
        start[i * page] = 1;
    assert_int_equal(ep__vm_resident_bytes(start, MANY * page), MANY / 10 * page);
    assert_int_equal(ep__vm_resident_bytes(start + page, 9 * page), 0);
}

static void purged_pages_are_gone_and_read_as_zero(void)
{
    char *start = map(PAGES);
    memset(start, 1, PAGES * page);
    assert_true(ep__vm_purge(start + page, 2 * page));
    assert_int_equal(ep__vm_resident_bytes(start, PAGES * page), (PAGES - 2) * page);
    assert_true(is_all(start, page, 1));
    assert_true(is_all(start + page, 2 * page, 0));
    assert_true(is_all(start + 3 * page, page, 1));
}

static void locked_pages_are_not_purged(void)
{
    char *start = map(PAGES);
    memset(start, 1, PAGES * page);
    /* Not by mlock(), which sanitizers do nothing for. */
    assert_int_equal(syscall(SYS_mlock, start + page, page), 0);
    errno = EDOM;
    assert_false(ep__vm_purge(start, 4 * page));
    assert_int_equal(errno, EDOM);
    assert_true(is_all(start + page, page, 1));
}

static void huge_pages_are_wanted_or_not(void)
{
    bool is_known = access("/sys/kernel/mm/transparent_hugepage", F_OK) == 0;
    char *start = map(PAGES);
    errno = EDOM;
    ep__vm_huge_pages(start, PAGES * page, true);
    assert_int_equal(has_vm_flag(start, " hg"), is_known);
    ep__vm_huge_pages(start, PAGES * page, false);
    assert_int_equal(has_vm_flag(start, " nh"), is_known);
    assert_int_equal(errno, EDOM);
}

static void a_mapping_is_resized_where_there_is_room(void)
{
    char *start = map(PAGES);
    memset(start, 1, PAGES * page);
    assert_true(ep__vm_unmap(start + PAGES / 2 * page, PAGES / 2 * page));
    assert_true(ep__vm_resize(start, PAGES / 2 * page, PAGES * page));
    assert_true(is_all(start, PAGES / 2 * page, 1));
    assert_true(is_all(start + PAGES / 2 * page, PAGES / 2 * page, 0));
    assert_true(ep__vm_resize(start, PAGES * page, page));
    assert_int_equal(page_rights(start + page), UNMAPPED);
}

static void a_mapping_is_not_resized_over_another(void)
{
    char *start = map(PAGES);
    char *end = start + (PAGES - 1) * page;
    assert_true(ep__vm_allow_read(end, page));
    errno = EDOM;
    assert_false(ep__vm_resize(start, (PAGES - 1) * page, PAGES * page));
    assert_int_equal(errno, EDOM);
    assert_int_equal(page_rights(end), CAN_READ);
}

static void pages_are_moved_onto_a_reserved_range(void)
{
    char *start = map(PAGES);
    char *target = ep__vm_reserve(2 * PAGES * page);
    memset(start, 1, PAGES * page);
    assert_true(ep__vm_move(start, PAGES * page, target, 2 * PAGES * page));
    assert_int_equal(page_rights(start), UNMAPPED);
    assert_true(is_all(target, PAGES * page, 1));
    assert_true(is_all(target + PAGES * page, PAGES * page, 0));
    memset(target, 2, 2 * PAGES * page);
}

static void read_child(void *start)
{
    assert_true(is_all(start, page, 0));
    assert_true(is_all((char *)start + page, page, 1));
}

static void a_wiped_page_is_zero_in_a_child_and_as_it_was_in_the_parent(void)
{
    char *start = map(2);
    memset(start, 1, 2 * page);
    assert_true(ep__vm_wipe_on_fork(start, page));
    in_child(read_child, start);
    assert_true(is_all(start, 2 * page, 1));
}

/* An address that is no page's start, or nobody's, and sizes that no process has. */
static void every_refusal_is_told_and_errno_kept(void)
{
    char *start = map(PAGES);
    char *gone = start + page;
    assert_true(ep__vm_unmap(gone, page));
    errno = EDOM;
    assert_null(ep__vm_reserve((size_t)1 << 62));
    assert_null(ep__vm_map((size_t)1 << 62));
    assert_false(ep__vm_unmap(start + 1, page));
    assert_false(ep__vm_allow_read(gone, page));
    assert_false(ep__vm_commit(gone, page));
    assert_false(ep__vm_decommit(start + 1, page));
    assert_false(ep__vm_purge(start + 1, page));
    assert_false(ep__vm_resize(start + 1, page, 2 * page));
    assert_false(ep__vm_move(start + 1, page, start + 2 * page, page));
    assert_false(ep__vm_wipe_on_fork(gone, page));
    ep__vm_huge_pages(gone, page, true);
    assert_int_equal(ep__vm_resident_bytes(gone, page), 0);
    assert_int_equal(errno, EDOM);
}

static bool can_read(const char *start)
{
    uint64_t word = 4711;
    return ep__vm_read(start, &word, sizeof word) && word == 0;
}

static void what_can_be_read_is_read_without_a_fault(void)
{
    char *start = map(3);
    assert_true(ep__vm_unmap(start + page, page));
    assert_true(can_read(start));
    assert_true(can_read(start + page - 8));
    assert_false(can_read(start + page));
    assert_true(can_read(start + 2 * page));
    assert_false(can_read(NULL));
    assert_false(can_read(ep__vm_reserve(page)));
    errno = 4711;
    assert_false(can_read(NULL));
    assert_int_equal(errno, 4711);
}

static void sparse_memory_is_zero_and_becomes_resident_as_it_is_written(void)
{
    page = ep__vm_page_bytes();
    size_t bytes = (size_t)1 << 30;
    char *start = ep__vm_map_sparse(bytes);
    assert_non_null(start);
    assert_int_equal(start[bytes - 1], 0);
    start[bytes / 2] = 1;
    assert_true(ep__vm_resident_bytes(start, bytes) <= 2 * page);
    assert_true(ep__vm_unmap(start, bytes));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        alone(pages_and_limits_are_the_systems),
        alone(mapped_memory_is_zero_and_can_be_written),
        alone(reserved_memory_becomes_readable_writable_and_reserved_again),
        alone(resident_bytes_are_the_pages_in_memory),
        alone(purged_pages_are_gone_and_read_as_zero),
        alone(locked_pages_are_not_purged),
        alone(huge_pages_are_wanted_or_not),
        alone(a_mapping_is_resized_where_there_is_room),
        alone(a_mapping_is_not_resized_over_another),
        alone(pages_are_moved_onto_a_reserved_range),
        alone(a_wiped_page_is_zero_in_a_child_and_as_it_was_in_the_parent),
        alone(every_refusal_is_told_and_errno_kept),
        alone(what_can_be_read_is_read_without_a_fault),
        alone(sparse_memory_is_zero_and_becomes_resident_as_it_is_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
