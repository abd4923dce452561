/* Control groups: lib/sys/cgroup_linux.c, on made-up folders. */
#include "unit/alone.h"

#include <errno.h>
#include <sys/stat.h>

#include "sys/cgroup.h"

static char outer[] = "/tmp/epmalloc-cgroup-XXXXXX";
static char inner[64];

static void write_file(const char *folder, const char *name, const char *contents)
{
    char path[256];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    assert_true(fputs(contents, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void make_groups(void)
{
    assert_non_null(mkdtemp(outer));
    (void)snprintf(inner, sizeof inner, "%s/inner", outer);
    assert_int_equal(mkdir(inner, 0700), 0);
    write_file(inner, "memory.current", "5000\n");
    write_file(inner, "memory.high", "max\n");
    write_file(inner, "memory.max", "max\n");
    write_file(inner, "memory.pressure",
               "some avg10=12.05 avg60=1.00 avg300=0.10 total=99\nfull avg10=3.00 avg60=0.00\n");
}

static struct cgroup_memory read_group(const char *folder)
{
    struct cgroup_memory memory;
    errno = EDOM;
    assert_true(ep__cgroup_read(folder, &memory));
    assert_int_equal(errno, EDOM);
    return memory;
}

static void remove_groups(void)
{
    static const char *const files[] = {"current", "high", "max", "pressure"};
    char path[256];
    for (unsigned i = 0; i < 4; i++) {
        (void)snprintf(path, sizeof path, "%s/memory.%s", inner, files[i]);
        (void)unlink(path);
        (void)snprintf(path, sizeof path, "%s/memory.%s", outer, files[i]);
        (void)unlink(path);
    }
    assert_int_equal(rmdir(inner), 0);
    assert_int_equal(rmdir(outer), 0);
}

static void a_group_without_limits_has_room_without_end(void)
{
    make_groups();
    struct cgroup_memory memory = read_group(inner);
    assert_true(memory.room_bytes == UINT64_MAX && memory.limit_bytes == UINT64_MAX);
    remove_groups();
}

static void pressure_is_the_part_of_the_last_ten_seconds_in_which_some_task_waited(void)
{
    make_groups();
    assert_int_equal(read_group(inner).pressure_cent, 1205);
    write_file(inner, "memory.pressure", "some avg10=100.00 avg60=1.00\n");
    assert_int_equal(read_group(inner).pressure_cent, 10000);
    write_file(inner, "memory.pressure", "some avg10=\n");
    assert_int_equal(read_group(inner).pressure_cent, 0);
    write_file(inner, "memory.pressure", "");
    assert_int_equal(read_group(inner).pressure_cent, 0);
    remove_groups();
}

static void of_two_limits_the_one_with_less_room_counts(void)
{
    make_groups();
    write_file(inner, "memory.max", "9000\n");
    assert_int_equal(read_group(inner).room_bytes, 4000);
    write_file(inner, "memory.high", "7000\n");
    struct cgroup_memory memory = read_group(inner);
    assert_int_equal(memory.room_bytes, 2000);
    assert_int_equal(memory.limit_bytes, 7000);
    write_file(inner, "memory.high", "4000\n");
    assert_int_equal(read_group(inner).room_bytes, 0);
    remove_groups();
}

static void the_groups_around_a_group_limit_it_too(void)
{
    make_groups();
    write_file(inner, "memory.max", "9000\n");
    write_file(outer, "memory.current", "90000\n");
    write_file(outer, "memory.max", "91000\n");
    struct cgroup_memory memory = read_group(inner);
    assert_int_equal(memory.room_bytes, 1000);
    assert_int_equal(memory.limit_bytes, 91000);
    remove_groups();
}

static void what_is_no_group_is_none(void)
{
    struct cgroup_memory memory;
    char name[EP__CGROUP_NAME_BYTES + 10];
    make_groups();
    assert_false(ep__cgroup_read(outer, &memory));
    remove_groups();
    assert_false(ep__cgroup_read(outer, &memory));
    assert_false(ep__cgroup_read("", &memory));
    memset(name, 'x', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    assert_false(ep__cgroup_read(name, &memory));
}

static void the_own_group_lies_where_control_groups_are_mounted(void)
{
    char folder[EP__CGROUP_NAME_BYTES];
    errno = EDOM;
    if (ep__cgroup_find_own(folder, sizeof folder))
        assert_memory_equal(folder, "/sys/fs/cgroup/", 15);
    assert_int_equal(errno, EDOM);
    assert_false(ep__cgroup_find_own(folder, 15));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        alone(a_group_without_limits_has_room_without_end),
        alone(pressure_is_the_part_of_the_last_ten_seconds_in_which_some_task_waited),
        alone(of_two_limits_the_one_with_less_room_counts),
        alone(the_groups_around_a_group_limit_it_too),
        alone(what_is_no_group_is_none),
        alone(the_own_group_lies_where_control_groups_are_mounted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
