/* Protocol buffers: lib/observe/protobuf.c, against the examples of the encoding's description. */
#include "unit/alone.h"

#include "observe/protobuf.h"

static struct message message;

static void numbers_are_seven_bits_a_byte(void)
{
    ep__message_begin(&message);
    ep__message_put(&message, 1, 150);
    assert_int_equal(message.length, 3);
    assert_memory_equal(message.bytes, "\x08\x96\x01", 3);
    ep__message_begin(&message);
    ep__message_put_number(&message, UINT64_MAX);
    assert_int_equal(message.length, 10);
    assert_memory_equal(message.bytes, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 10);
}

static void bytes_have_their_length_before_them(void)
{
    ep__message_begin(&message);
    ep__message_put_bytes(&message, 2, "testing", 7);
    assert_int_equal(message.length, 9);
    assert_memory_equal(message.bytes, "\x12\x07testing", 9);
}

static void zero_is_left_out_of_fields_but_not_of_lists(void)
{
    ep__message_begin(&message);
    ep__message_put(&message, 1, 0);
    assert_int_equal(message.length, 0);
    ep__message_put_number(&message, 0);
    assert_int_equal(message.length, 1);
}

static void what_does_not_fit_is_cut_and_noted(void)
{
    static char bytes[EP__MESSAGE_BYTES];
    ep__message_begin(&message);
    ep__message_put_bytes(&message, 1, bytes, sizeof bytes - 3);
    assert_false(message.is_cut);
    ep__message_put_number(&message, 1);
    assert_true(message.is_cut);
    assert_int_equal(message.length, EP__MESSAGE_BYTES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        alone(numbers_are_seven_bits_a_byte),
        alone(bytes_have_their_length_before_them),
        alone(zero_is_left_out_of_fields_but_not_of_lists),
        alone(what_does_not_fit_is_cut_and_noted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
