/* Texts of any length: lib/sys/stream.c, and ep__text_write() of lib/sys/report.c, which takes them to a file. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "sys/stream.h"

enum { TAKEN_BYTES = 1 << 20 };

/* A sink that keeps what it gets, and fails from some call on. */
struct taken {
    size_t length;
    unsigned calls;
    unsigned fails_at; /* 0: never */
    char bytes[TAKEN_BYTES];
};

static struct taken taken;

static int take(void *to, const char *bytes, size_t length)
{
    struct taken *place = to;
    place->calls++;
    if (place->fails_at != 0 && place->calls >= place->fails_at)
        return ENOSPC;
    memcpy(place->bytes + place->length, bytes, length);
    place->length += length;
    return 0;
}

static void begin(struct stream *stream, unsigned fails_at)
{
    taken.length = taken.calls = 0;
    taken.fails_at = fails_at;
    memset(taken.bytes, 0, 64);
    ep__stream_begin(stream, take, &taken);
}

static void what_is_put_comes_out_whole_and_in_order(void **state)
{
    struct stream stream;
    (void)state;
    begin(&stream, 0);
    ep__stream_put(&stream, "a=");
    ep__stream_put_dec(&stream, 0);
    ep__stream_put_bytes(&stream, ",bc", 2);
    ep__stream_put_dec(&stream, UINT64_MAX);
    assert_int_equal(taken.calls, 0);
    assert_int_equal(ep__stream_end(&stream), 0);
    assert_string_equal(taken.bytes, "a=0,b18446744073709551615");
    assert_int_equal(taken.length, strlen(taken.bytes));
}

static void a_long_text_leaves_in_pieces(void **state)
{
    static char expected[TAKEN_BYTES];
    size_t length = 0;
    struct stream stream;
    (void)state;
    begin(&stream, 0);
    for (unsigned i = 0; i < 20000; i++) {
        ep__stream_put(&stream, "x");
        ep__stream_put_dec(&stream, i);
        length += (size_t)sprintf(expected + length, "x%u", i);
    }
    assert_int_equal(ep__stream_end(&stream), 0);
    assert_int_equal(taken.length, length);
    assert_memory_equal(taken.bytes, expected, length);
    assert_true(taken.calls >= length / EP__STREAM_BYTES);
}

static void one_string_may_be_longer_than_the_buffer(void **state)
{
    static char longer[10 * EP__STREAM_BYTES + 1];
    struct stream stream;
    (void)state;
    memset(longer, 'y', sizeof longer - 1);
    begin(&stream, 0);
    ep__stream_put(&stream, longer);
    assert_int_equal(ep__stream_end(&stream), 0);
    assert_int_equal(taken.length, sizeof longer - 1);
    assert_memory_equal(taken.bytes, longer, sizeof longer - 1);
}

static void every_length_around_the_buffers_size_is_whole(void **state)
{
    static char text[2 * EP__STREAM_BYTES + 3];
    (void)state;
    memset(text, 'z', sizeof text);
    for (size_t length = EP__STREAM_BYTES - 3; length <= 2 * EP__STREAM_BYTES + 2; length++) {
        struct stream stream;
        begin(&stream, 0);
        ep__stream_put_bytes(&stream, text, length);
        assert_int_equal(ep__stream_end(&stream), 0);
        assert_int_equal(taken.length, length);
    }
}

static void the_first_failure_ends_the_stream_and_is_told(void **state)
{
    static char longer[5 * EP__STREAM_BYTES];
    struct stream stream;
    (void)state;
    memset(longer, 'y', sizeof longer);
    begin(&stream, 3);
    ep__stream_put_bytes(&stream, longer, sizeof longer);
    assert_int_equal(taken.calls, 3);
    assert_int_equal(stream.failure, ENOSPC);
    ep__stream_put_bytes(&stream, longer, sizeof longer);
    assert_int_equal(ep__stream_end(&stream), ENOSPC);
    assert_int_equal(taken.calls, 3);
    assert_int_equal(taken.length, 2 * (EP__STREAM_BYTES - 1));
}

static void an_empty_stream_calls_nobody(void **state)
{
    struct stream stream;
    (void)state;
    begin(&stream, 0);
    ep__stream_put(&stream, "");
    assert_int_equal(ep__stream_end(&stream), 0);
    assert_int_equal(taken.calls, 0);
}

static const char *shown(uint64_t value, size_t width, bool with_commas)
{
    struct stream stream;
    begin(&stream, 0);
    if (with_commas)
        ep__stream_put_thousands(&stream, value, width);
    else
        ep__stream_put_right(&stream, value, width);
    (void)ep__stream_end(&stream);
    return taken.bytes;
}

static void numbers_stand_right_and_strings_left(void **state)
{
    struct stream stream;
    (void)state;
    assert_string_equal(shown(7, 4, false), "   7");
    assert_string_equal(shown(12345, 4, false), "12345");
    assert_string_equal(shown(0, 3, true), "  0");
    assert_string_equal(shown(999, 0, true), "999");
    assert_string_equal(shown(1000, 0, true), "1,000");
    assert_string_equal(shown(100000, 9, true), "  100,000");
    assert_string_equal(shown(4194304, 9, true), "4,194,304");
    assert_string_equal(shown(UINT64_MAX, 0, true), "18,446,744,073,709,551,615");
    begin(&stream, 0);
    ep__stream_put_padded(&stream, "ab", 4);
    ep__stream_put_padded(&stream, "abcde", 4);
    assert_int_equal(ep__stream_end(&stream), 0);
    assert_memory_equal(taken.bytes, "ab  abcde", 9);
}

/* --- writing to a file ------------------------------------------------------------------------ */

enum { PIPED_BYTES = 300000 };
static char piped[PIPED_BYTES];
static char received[PIPED_BYTES];
static _Atomic(unsigned) interruptions;

static void count_interruption(int signal)
{
    (void)signal;
    interruptions++;
}

struct reader {
    int file;
    pthread_t writer;
    size_t length;
};

/* Reads a little at a time, and interrupts the writer before each piece. */
static void *read_slowly(void *argument)
{
    struct reader *reader = argument;
    ssize_t got = 1;
    while (got > 0) {
        pthread_kill(reader->writer, SIGUSR1);
        got = read(reader->file, received + reader->length, 5000);
        reader->length += got > 0 ? (size_t)got : 0;
    }
    return NULL;
}

static void interrupted_and_partial_writes_go_on(void **state)
{
    struct sigaction action = {.sa_handler = count_interruption};
    struct reader reader = {.writer = pthread_self()};
    pthread_t thread;
    int ends[2];
    (void)state;
    assert_int_equal(sigaction(SIGUSR1, &action, NULL), 0);
    assert_int_equal(pipe(ends), 0);
    (void)fcntl(ends[1], F_SETPIPE_SZ, 4096);
    for (size_t i = 0; i < PIPED_BYTES; i++)
        piped[i] = (char)(i * 7919 >> 3);
    reader.file = ends[0];
    assert_int_equal(pthread_create(&thread, NULL, read_slowly, &reader), 0);
    errno = EDOM;
    assert_int_equal(ep__stream_to_file(&ends[1], piped, PIPED_BYTES), 0);
    assert_int_equal(errno, EDOM);
    close(ends[1]);
    assert_int_equal(pthread_join(thread, NULL), 0);
    close(ends[0]);
    assert_true(interruptions > 0);
    assert_int_equal(reader.length, PIPED_BYTES);
    assert_memory_equal(received, piped, PIPED_BYTES);
}

static void what_the_kernel_refuses_is_told_and_errno_kept(void **state)
{
    int ends[2];
    (void)state;
    errno = EDOM;
    assert_int_equal(ep__text_write(-1, "x", 1), EBADF);
    assert_int_equal(ep__text_write(-1, "x", 0), 0);
    assert_int_equal(pipe2(ends, O_NONBLOCK), 0);
    assert_int_equal(ep__text_write(ends[1], piped, PIPED_BYTES), EAGAIN);
    close(ends[0]);
    signal(SIGPIPE, SIG_IGN);
    assert_int_equal(ep__text_write(ends[1], "x", 1), EPIPE);
    close(ends[1]);
    assert_int_equal(errno, EDOM);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_put_comes_out_whole_and_in_order),
        cmocka_unit_test(a_long_text_leaves_in_pieces),
        cmocka_unit_test(one_string_may_be_longer_than_the_buffer),
        cmocka_unit_test(every_length_around_the_buffers_size_is_whole),
        cmocka_unit_test(the_first_failure_ends_the_stream_and_is_told),
        cmocka_unit_test(an_empty_stream_calls_nobody),
        cmocka_unit_test(numbers_stand_right_and_strings_left),
        cmocka_unit_test(interrupted_and_partial_writes_go_on),
        cmocka_unit_test(what_the_kernel_refuses_is_told_and_errno_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
