/* Event files: lib/sys/event_file.c. */
#include "unit/events.h"

#include <errno.h>

static void the_header_comes_first_and_says_the_version(void)
{
    struct event_file_head head;
    struct event_file_header header;
    FILE *file = tmpfile();
    errno = EDOM;
    assert_int_equal(ep__event_file_begin(fileno(file), true), 0);
    assert_int_equal(errno, EDOM);
    rewind(file);
    assert_true(read_chunk(file, &head, &header, sizeof header));
    assert_int_equal(head.type, EP__CHUNK_HEADER);
    assert_int_equal(head.process, getpid());
    assert_int_equal(header.version, EP__EVENT_FILE_VERSION);
    assert_int_equal(header.event_bytes, sizeof(struct event));
    assert_int_equal(header.kinds, EP__EVENT_KINDS);
    assert_int_equal(header.is_from_start, 1);
}

static void a_ring_that_has_wrapped_is_written_in_order(void)
{
    static struct event events[EP__EVENT_RING_EVENTS];
    struct event_file_head head;
    struct event_ring *ring = ep__event_ring_adopt();
    FILE *file = tmpfile();
    for (unsigned i = 0; i < EP__EVENT_RING_EVENTS + 500; i++) {
        struct event event = {.number = i};
        if (i == 500)
            ep__event_ring_take(ring, 500);
        assert_true(ep__event_ring_put(ring, &event));
    }
    ep__event_ring_drop(ring);
    assert_int_equal(ep__event_file_put_ring(fileno(file), ring), 0);
    assert_int_equal(ep__event_file_put_ring(fileno(file), ring), 0);
    rewind(file);
    assert_true(read_chunk(file, &head, events, sizeof events));
    assert_int_equal(head.bytes, sizeof events);
    assert_int_equal(head.dropped, 1);
    for (unsigned i = 0; i < EP__EVENT_RING_EVENTS; i++)
        assert_int_equal(events[i].number, i + 500);
    assert_false(read_chunk(file, &head, events, sizeof events));
}

static void what_could_not_be_written_stays(void)
{
    struct event_ring *ring = ep__event_ring_adopt();
    struct event event = {.number = 1};
    FILE *file = tmpfile();
    assert_true(ep__event_ring_put(ring, &event));
    assert_int_equal(ep__event_file_put_ring(-1, ring), EBADF);
    assert_true(ep__event_ring_claim(ring));
    assert_int_equal(ep__event_file_put_ring(fileno(file), ring), EBUSY);
    ep__event_ring_leave(ring);
    assert_int_equal(ep__event_file_put_ring(fileno(file), ring), 0);
    assert_int_equal(lseek(fileno(file), 0, SEEK_END),
                     sizeof(struct event_file_head) + sizeof(struct event));
}

static void a_descriptor_is_the_file_that_it_was(void)
{
    struct event_file file;
    char name[] = "/tmp/epmalloc-test-XXXXXX";
    assert_true(close(mkstemp(name)) == 0);
    assert_int_equal(ep__event_file_open(name, &file), 0);
    assert_true(file.descriptor >= 200);
    assert_true(ep__event_file_is_same(&file));
    assert_true(dup2(STDERR_FILENO, file.descriptor) == file.descriptor);
    errno = EDOM;
    assert_false(ep__event_file_is_same(&file));
    assert_true(close(file.descriptor) == 0);
    assert_false(ep__event_file_is_same(&file));
    assert_int_equal(errno, EDOM);
    unlink(name);
    assert_int_equal(ep__event_file_open("/nowhere/at/all", &file), ENOENT);
}

/* What somebody else may have put there is not followed. */
static void a_link_is_not_written_through(void)
{
    struct event_file file;
    char name[] = "/tmp/epmalloc-test-XXXXXX";
    char link_name[64];
    assert_true(close(mkstemp(name)) == 0);
    snprintf(link_name, sizeof link_name, "%s-link", name);
    assert_int_equal(symlink(name, link_name), 0);
    assert_int_equal(ep__event_file_open(link_name, &file), ELOOP);
    unlink(link_name);
    unlink(name);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        alone(the_header_comes_first_and_says_the_version),
        alone(a_ring_that_has_wrapped_is_written_in_order),
        alone(what_could_not_be_written_stays),
        alone(a_descriptor_is_the_file_that_it_was),
        alone(a_link_is_not_written_through),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
