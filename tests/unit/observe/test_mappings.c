/* Mappings: lib/observe/mappings.c. */
#include "unit/alone.h"

#include <errno.h>
#include <sys/mman.h>

#include "fake/vm_failing.h"
#include "observe/mappings.h"

struct search {
    uintptr_t address;
    struct mapping found;
    char path[256];
    uintptr_t last;
    unsigned count;
};

static int look(const struct mapping *mapping, void *argument)
{
    struct search *search = argument;
    search->count++;
    assert_true(mapping->first >= search->last && mapping->limit > mapping->first);
    search->last = mapping->limit;
    if (search->address < mapping->first || search->address >= mapping->limit)
        return 0;
    search->found = *mapping;
    assert_true(mapping->path_length < sizeof search->path);
    memcpy(search->path, mapping->path, mapping->path_length);
    return 4711;
}

static void code_is_found_with_its_file_and_build_id(void)
{
    struct search search = {.address = (uintptr_t)getpid};
    assert_int_equal(ep__mappings_each(look, &search), 4711);
    assert_true(search.found.is_executable && search.found.is_readable);
    assert_false(search.found.is_writable || search.found.is_shared);
    assert_non_null(strstr(search.path, "libc.so.6"));
    assert_int_equal(search.found.build_id_length, EP__BUILD_ID_BYTES);
    struct search own = {.address = (uintptr_t)look};
    assert_int_equal(ep__mappings_each(look, &own), 4711);
    assert_non_null(strstr(own.path, "test_mappings"));
}

static void rights_and_sharing_are_told(void)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    char *shared = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    struct search search = {.address = (uintptr_t)shared};
    assert_int_equal(ep__mappings_each(look, &search), 4711);
    assert_true(search.found.is_shared && search.found.is_writable);
    assert_false(search.found.is_executable);
}

/* More than fits into what is read at a time. */
static void a_long_list_is_read_to_its_end(void)
{
    enum { MAPPINGS = 3000 };
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    char *start = mmap(NULL, MAPPINGS * page, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    for (size_t i = 0; i < MAPPINGS; i += 2)
        assert_int_equal(mprotect(start + i * page, page, PROT_NONE), 0);
    struct search search = {.address = 0};
    assert_int_equal(ep__mappings_each(look, &search), 0);
    assert_true(search.count > MAPPINGS);
}

/* Whose first page is in the list, and cannot be touched. */
static void a_file_that_has_become_shorter_does_no_harm(void)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    char path[] = "/tmp/mappings-XXXXXX";
    int file = mkstemp(path);
    assert_true(file >= 0 && unlink(path) == 0 && ftruncate(file, (off_t)page) == 0);
    char *start = mmap(NULL, page, PROT_READ, MAP_PRIVATE, file, 0);
    assert_true(start != MAP_FAILED && ftruncate(file, 0) == 0);
    struct search search = {.address = (uintptr_t)start};
    assert_int_equal(ep__mappings_each(look, &search), 4711);
    assert_int_equal(search.found.build_id_length, 0);
}

static size_t copied;

static int count_bytes(void *to, const char *bytes, size_t length)
{
    assert_null(to);
    assert_non_null(bytes);
    copied += length;
    return 0;
}

static void the_kernels_text_can_be_had_whole(void)
{
    assert_int_equal(ep__mappings_copy(count_bytes, NULL), 0);
    assert_true(copied > 500);
}

static void without_memory_it_says_so(void)
{
    struct search search = {.address = 0};
    vm_failing_plan(1, 2);
    assert_int_equal(ep__mappings_each(look, &search), ENOMEM);
    assert_int_equal(ep__mappings_copy(count_bytes, NULL), ENOMEM);
    assert_int_equal(search.count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        alone(code_is_found_with_its_file_and_build_id),
        alone(rights_and_sharing_are_told),
        alone(a_long_list_is_read_to_its_end),
        alone(a_file_that_has_become_shorter_does_no_harm),
        alone(the_kernels_text_can_be_had_whole),
        alone(without_memory_it_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
