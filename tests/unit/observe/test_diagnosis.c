/* Diagnoses: lib/observe/diagnosis.c.  The stacks are looked at by tests/death. */
#include "unit/alone.h"

#include "observe/diagnosis.h"

static const struct tracked block = {.address = (char *)0x7000,
                                     .size = 100,
                                     .serial = 12,
                                     .thread = 4711,
                                     .free_thread = 4712,
                                     .state = EP__RECORD_KEPT};

static void tell(void *unused)
{
    (void)unused;
    ep__diagnosis("double free of", block.address, &block);
}

static void tell_inside(void *unused)
{
    (void)unused;
    ep__diagnosis("free of", block.address + 3, &block);
}

static void tell_nothing_known(void *unused)
{
    (void)unused;
    ep__diagnosis("free of", block.address, NULL);
}

static void tell_byte(void *unused)
{
    (void)unused;
    ep__diagnosis_of_byte("write before the start of", &block, -2, 0x41);
}

static void tell_touch(void *address)
{
    ep__diagnosis_of_touch(address, &block);
}

static void the_first_line_says_what_and_of_which_block(void)
{
    assert_true(aborts_saying(
        tell, NULL, "epmalloc: double free of 0x7000: a block of 100 bytes, serial number 12\n"));
    assert_true(aborts_saying(tell_inside, NULL,
                              "epmalloc: free of 0x7003, +3 from the start of 0x7000: a block of "
                              "100 bytes, serial number 12\n"));
    assert_true(aborts_saying(tell_nothing_known, NULL, "epmalloc: free of 0x7000\n"));
    assert_true(aborts_saying(tell_byte, NULL,
                              "epmalloc: write before the start of 0x7000: a block of 100 bytes, "
                              "serial number 12: byte -2 is 0x41\n"));
}

static void threads_and_the_place_follow(void)
{
    assert_true(aborts_saying(tell, NULL, "\nepmalloc: allocated by thread 4711"));
    assert_true(aborts_saying(tell, NULL, "\nepmalloc: freed by thread 4712\n"));
    assert_true(aborts_saying(tell, NULL, "\nepmalloc: found in thread "));
    assert_true(aborts_saying(tell, NULL, "/unit_observe_test_diagnosis+0x"));
}

static void a_touch_is_told_by_where_it_was(void)
{
    assert_true(
        aborts_saying(tell_touch, block.address + 5, "epmalloc: use after free, at 0x7005"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        alone(the_first_line_says_what_and_of_which_block),
        alone(threads_and_the_place_follow),
        alone(a_touch_is_told_by_where_it_was),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
