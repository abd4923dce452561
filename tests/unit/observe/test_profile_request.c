/* Requests to the profiler: lib/observe/profile_request.c. */
#include "unit/alone.h"

#include <errno.h>

#include "observe/profile_request.h"
#include "observe/sampling.h"
#include "unit/profiles.h"

#include <epmalloc/epmalloc.h>

/* Asks, and has the answer in `written`; returns the sentence that says what is wrong. */
static const char *ask(const char *line)
{
    char copy[64];
    struct request request;
    struct stream stream;
    int file = make_file();
    strcpy(copy, line);
    assert_null(ep__request_parse(copy, strlen(copy), &request));
    ep__stream_begin(&stream, ep__stream_to_file, &file);
    const char *wrong = request.kind->answer(&request, &stream);
    while (wrong == NULL && request.kind->more != NULL && request.kind->more(&request, &stream)) {
    }
    if (request.kind->end != NULL)
        request.kind->end(&request);
    assert_int_equal(ep__stream_end(&stream), 0);
    (void)read_file(file);
    return wrong;
}

static void sampling_is_started_and_stopped(void)
{
    assert_non_null(strstr(ask("profile heap text"), "nothing has been sampled"));
    assert_null(ask("profile start"));
    assert_true(ep__sampling_is_on());
    assert_null(ask("profile mark"));
    assert_null(ask("profile stop"));
    assert_false(ep__sampling_is_on());
}

static void a_profile_comes_in_every_form(void)
{
    assert_null(ask("profile start"));
    assert_non_null(ep_malloc(8U << 20));
    assert_null(ask("profile heap text"));
    assert_memory_equal(written, "epmalloc profile", 16);
    assert_null(ask("profile peak jemalloc"));
    assert_memory_equal(written, "heap_v2/", 8);
    assert_null(ask("profile growth gperftools"));
    assert_memory_equal(written, "heap profile: ", 14);
    assert_null(ask("profile heap pprof"));
    /* The first six bytes of a gzip file. */
    assert_memory_equal(written, "H4sIAAAA", 8);
    assert_int_equal(strlen(written) % 4, 1);
    assert_int_equal(
        strspn(written, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="),
        strlen(written) - 1);
}

static void other_words_are_refused(void)
{
    assert_null(ask("profile start"));
    assert_non_null(ask("profile"));
    assert_non_null(ask("profile heap"));
    assert_non_null(ask("profile heap xml"));
    assert_non_null(ask("profile heaps text"));
    assert_non_null(ask("profile heap text text"));
}

static void the_leak_report_comes_piece_by_piece(void)
{
    assert_null(ask("leaks"));
    assert_memory_equal(written, "epmalloc leak report: ", 22);
    assert_non_null(strstr(written, "\nby block size: "));
    assert_int_equal(waitpid(-1, NULL, __WALL), -1);
}

static void who_goes_away_leaves_no_child(void)
{
    struct request request;
    struct stream stream;
    char line[] = "leaks";
    int file = make_file();
    assert_null(ep__request_parse(line, 5, &request));
    ep__stream_begin(&stream, ep__stream_to_file, &file);
    assert_null(request.kind->answer(&request, &stream));
    request.kind->end(&request);
    assert_int_equal(waitpid(-1, NULL, __WALL), -1);
    assert_int_equal(errno, ECHILD);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        alone(sampling_is_started_and_stopped), alone(a_profile_comes_in_every_form),
        alone(other_words_are_refused),         alone(the_leak_report_comes_piece_by_piece),
        alone(who_goes_away_leaves_no_child),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
