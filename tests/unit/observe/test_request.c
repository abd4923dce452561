/* Requests: lib/observe/request.c. */
#include "unit/alone.h"

#include "fuzz/requests.h"
#include "observe/request.h"
#include "unit/caches.h"
#include "unit/observe/document.h"

/* Asks; NULL, or what was wrong with the request or its argument. */
static const char *ask(const char *line)
{
    char bytes[EP__REQUEST_BYTES];
    struct request request;
    struct stream stream;
    document_begin(&stream);
    strcpy(bytes, line);
    const char *wrong = ep__request_parse(bytes, strlen(line), &request);
    if (wrong == NULL)
        wrong = request.kind->answer(&request, &stream);
    assert_int_equal(ep__stream_end(&stream), 0);
    return wrong;
}

static void help_names_every_request_and_each_is_answered(void)
{
    char list[4096];
    assert_null(ask("help"));
    strcpy(list, document);
    char *rest = list;
    for (char *line = strsep(&rest, "\n"); rest != NULL; line = strsep(&rest, "\n")) {
        char name[EP__REQUEST_BYTES];
        bool has_argument = false;
        strcpy(name, line);
        *strchr(name, ':') = '\0';
        if (strchr(name, ' ') != NULL) {
            has_argument = true;
            *strchr(name, ' ') = '\0';
        }
        const char *wrong = ask(name);
        if (!has_argument)
            assert_null(wrong);
    }
    assert_non_null(strstr(list, "help"));
}

static void statistics_are_asked_for_by_format_and_part(void)
{
    ep_free(ep_malloc(1));
    assert_null(ask("stats json process"));
    assert_int_equal(strncmp(document, "{\"process\":{", 12), 0);
    assert_null(strstr(document, "\"classes\""));
    assert_null(ask("stats json classes threads"));
    assert_non_null(strstr(document, "\"classes\""));
    assert_non_null(strstr(document, "\"threads\""));
    assert_null(strstr(document, "\"process\""));
    assert_null(ask("stats openmetrics"));
    assert_non_null(strstr(document, "# EOF"));
    assert_null(ask("stats xml"));
    assert_null(ask("stats text"));
}

static void a_wrong_argument_is_one_sentence(void)
{
    static const char *const lines[] = {"stats",
                                        "stats yaml",
                                        "stats json heap",
                                        "stats json process heap",
                                        "stats json  process",
                                        "help me",
                                        "trim 1",
                                        "trace",
                                        "trace on",
                                        "trace start",
                                        "trace start x",
                                        "",
                                        " ",
                                        " help",
                                        "hel",
                                        "helpp",
                                        "HELP"};
    for (unsigned i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        const char *wrong = ask(lines[i]);
        if (wrong == NULL)
            fail_msg("\"%s\" is answered", lines[i]);
        assert_null(strchr(wrong, '\n'));
    }
}

static void a_recording_is_started_and_stopped(void)
{
    char name[] = "/tmp/epmalloc-test-XXXXXX";
    char line[64];
    assert_true(close(mkstemp(name)) == 0);
    snprintf(line, sizeof line, "trace start %s", name);
    assert_null(ask(line));
    assert_string_equal(document, "{\"dropped\":0}\n");
    assert_string_equal(ask(line), "a recording runs");
    assert_null(ask("trace stop"));
    assert_null(ask("trace stop"));
    assert_string_equal(ask("trace start /nowhere/at/all"), "the file cannot be written");
    unlink(name);
}

static void what_is_not_printable_is_refused(void)
{
    char bytes[EP__REQUEST_BYTES];
    struct request request;
    for (int byte = -128; byte < 128; byte++) {
        if (byte >= ' ' && byte <= '~')
            continue;
        memcpy(bytes, "help", 4);
        bytes[2] = (char)byte;
        assert_non_null(ep__request_parse(bytes, 4, &request));
        assert_null(request.kind);
    }
}

static void a_line_of_the_greatest_length_fits_and_a_longer_one_does_not(void)
{
    char bytes[EP__REQUEST_BYTES];
    struct request request;
    memset(bytes, 'a', sizeof bytes);
    memcpy(bytes, "stats ", 6);
    assert_null(ep__request_parse(bytes, sizeof bytes - 1, &request));
    assert_int_equal(strlen(request.argument), sizeof bytes - 1 - 6);
    assert_non_null(ep__request_parse(bytes, sizeof bytes, &request));
}

/* Half words that requests are made of, half any bytes. */
static void bytes_drawn_at_random_are_answered_or_refused(void)
{
    static const char *const words[] = {
        "stats", "json", "map",   "pages",       "help",   "process", "trim", " ",
        "text",  "xml",  "hello", "openmetrics", "arenas", "options", "\n",   "cpython"};
    uint64_t seed = 88172645463325252;
    unsigned answered = 0;
    for (unsigned i = 0; i < 20000; i++) {
        uint8_t bytes[320];
        size_t length = 0;
        do {
            seed ^= seed << 13, seed ^= seed >> 7, seed ^= seed << 17;
            if (seed & 64)
                length += (size_t)sprintf((char *)bytes + length, "%s", words[seed >> 8 & 15]);
            else if (seed & 128)
                bytes[length++] = (uint8_t)(seed >> 16);
        } while (length < sizeof bytes - 16 && seed >> 32 & 3);
        answered += fuzz_request(bytes, length);
    }
    assert_in_range(answered, 100, 19900);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        alone(help_names_every_request_and_each_is_answered),
        alone(statistics_are_asked_for_by_format_and_part),
        alone(a_wrong_argument_is_one_sentence),
        alone(a_recording_is_started_and_stopped),
        alone(what_is_not_printable_is_refused),
        alone(bytes_drawn_at_random_are_answered_or_refused),
        alone(a_line_of_the_greatest_length_fits_and_a_longer_one_does_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
