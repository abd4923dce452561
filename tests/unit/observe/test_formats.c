/* The forms in which figures are written: lib/observe/formats.c.  tests/api/readers.py gives whole documents to
 * readers that are not ours; here are the letters. */
#include "unit/alone.h"

#include "observe/figures.h"
#include "observe/formats.h"
#include "unit/caches.h"

enum { DOCUMENT_BYTES = 1 << 18 };

static char document[DOCUMENT_BYTES];
static size_t length;
static struct account account;

static int keep(void *to, const char *bytes, size_t count)
{
    assert_ptr_equal(to, document);
    assert_true(length + count < DOCUMENT_BYTES);
    memcpy(document + length, bytes, count);
    length += count;
    document[length] = '\0';
    return 0;
}

static const char *write_parts(enum ep_stats_format format, unsigned parts)
{
    struct stream stream;
    length = 0;
    document[0] = '\0';
    ep__stream_begin(&stream, keep, document);
    assert_true(ep__format_put(&stream, &account, format, parts));
    assert_int_equal(ep__stream_end(&stream), 0);
    return document;
}

/* One class, every number of which is another. */
static void number_class(unsigned index, uint64_t first)
{
    struct ep_class *class = &account.classes[index];
    uint64_t *numbers = (uint64_t *)(void *)class;
    for (size_t i = 0; i < sizeof *class / sizeof *numbers; i++)
        numbers[i] = first + i;
    class->index = index;
    class->block_bytes = ep__size_classes[index].bytes;
}

static void a_class_in_every_form(void)
{
    number_class(1, 100);
    assert_string_equal(write_parts(EP_STATS_TEXT, EP_STATS_CLASSES),
                        "epmalloc: class index=1 block_bytes=32 pools_owned=103 pools_full=104 "
                        "pools_partial=105 blocks_in_use=106 blocks_available=107 "
                        "blocks_uncertain=108 quantization_bytes=109 refills=110 "
                        "pools_acquired=111 pools_claimed=112 pools_adopted=113 "
                        "remote_batches=114 remote_blocks=115\n");
    assert_string_equal(write_parts(EP_STATS_JSON, EP_STATS_CLASSES),
                        "{\"classes\":[{\"index\":1,\"block_bytes\":32,\"pools_owned\":103,"
                        "\"pools_full\":104,\"pools_partial\":105,\"blocks_in_use\":106,"
                        "\"blocks_available\":107,\"blocks_uncertain\":108,"
                        "\"quantization_bytes\":109,\"refills\":110,\"pools_acquired\":111,"
                        "\"pools_claimed\":112,\"pools_adopted\":113,\"remote_batches\":114,"
                        "\"remote_blocks\":115}]}\n");
    assert_string_equal(
        write_parts(EP_STATS_XML, EP_STATS_CLASSES),
        "<epmalloc>\n<class index=\"1\" block_bytes=\"32\" pools_owned=\"103\" pools_full=\"104\" "
        "pools_partial=\"105\" blocks_in_use=\"106\" blocks_available=\"107\" "
        "blocks_uncertain=\"108\" quantization_bytes=\"109\" refills=\"110\" "
        "pools_acquired=\"111\" pools_claimed=\"112\" pools_adopted=\"113\" "
        "remote_batches=\"114\" remote_blocks=\"115\"/>\n</epmalloc>\n");
}

static void a_family_of_metrics_has_its_samples_together(void)
{
    number_class(0, 100);
    number_class(31, 200);
    const char *text = write_parts(EP_STATS_OPENMETRICS, EP_STATS_CLASSES);
    assert_non_null(strstr(text, "# TYPE epmalloc_class_quantization_bytes gauge\n"
                                 "# UNIT epmalloc_class_quantization_bytes bytes\n"
                                 "# HELP epmalloc_class_quantization_bytes what the pools lose at "
                                 "their ends, by colour and division\n"
                                 "epmalloc_class_quantization_bytes{index=\"0\",block_bytes=\"16\"}"
                                 " 109\n"
                                 "epmalloc_class_quantization_bytes{index=\"31\",block_bytes="
                                 "\"512\"} 209\n"
                                 "# TYPE epmalloc_class_refills counter\n"
                                 "# HELP epmalloc_class_refills "));
    assert_non_null(strstr(text, "\nepmalloc_class_refills_total{index=\"31\",block_bytes=\"512\"}"
                                 " 210\n"));
    assert_string_equal(text + length - 6, "# EOF\n");
}

static void the_process_has_no_labels_and_one_line_a_figure(void)
{
    uint64_t *numbers = (uint64_t *)(void *)&account.totals;
    size_t count = sizeof account.totals / sizeof *numbers;
    for (size_t i = 0; i < count; i++)
        numbers[i] = UINT64_MAX - i;
    const char *text = write_parts(EP_STATS_TEXT, EP_STATS_PROCESS);
    assert_int_equal(strncmp(text, "epmalloc: allocated_bytes     = 18446744073709551615\n", 53),
                     0);
    size_t lines = 0;
    for (const char *at = text; (at = strchr(at, '\n')) != NULL; at++)
        lines++;
    assert_int_equal(lines, count);
    text = write_parts(EP_STATS_OPENMETRICS, EP_STATS_PROCESS);
    assert_non_null(strstr(text, "\nepmalloc_allocated_bytes 18446744073709551615\n"));
    assert_non_null(strstr(text, "\nepmalloc_active_bytes 18446744073709551614\n"));
    text = write_parts(EP_STATS_JSON, EP_STATS_PROCESS);
    assert_int_equal(strncmp(text, "{\"process\":{\"allocated_bytes\":18446744073709551615,", 50),
                     0);
    text = write_parts(EP_STATS_XML, EP_STATS_PROCESS);
    assert_int_equal(strncmp(text, "<epmalloc allocated_bytes=\"18446744073709551615\" ", 49), 0);
    assert_string_equal(text + length - 15, "\">\n</epmalloc>\n");
}

static void times_are_metrics_in_seconds_with_three_digits(void)
{
    (void)get_block(3);
    struct arena *arena = ep__arena_at(ep__window_at(0), 0);
    ep__store_relaxed(&arena->created_ms, UINT64_MAX);
    const char *text = write_parts(EP_STATS_OPENMETRICS, EP_STATS_ARENAS);
    assert_non_null(strstr(text, "# TYPE epmalloc_arena_age_seconds gauge\n"
                                 "# UNIT epmalloc_arena_age_seconds seconds\n"));
    assert_non_null(strstr(text, "\nepmalloc_arena_age_seconds{window=\"0\",id=\"0\"} 0.000\n"));
    ep__store_relaxed(&arena->created_ms, 0);
    text = write_parts(EP_STATS_OPENMETRICS, EP_STATS_ARENAS);
    const char *value = strstr(strstr(text, "\nepmalloc_arena_age_seconds{"), "} ") + 2;
    assert_int_equal(strcspn(strchr(value, '.') + 1, "\n"), 3);
    assert_true(strtod(value, NULL) > 0);
}

static void lists_may_be_empty_and_parts_left_out(void)
{
    assert_string_equal(write_parts(EP_STATS_JSON, EP_STATS_CLASSES | EP_STATS_THREADS),
                        "{\"classes\":[],\n\"threads\":[]}\n");
    assert_string_equal(write_parts(EP_STATS_XML, EP_STATS_ARENAS), "<epmalloc>\n</epmalloc>\n");
    assert_string_equal(write_parts(EP_STATS_TEXT, EP_STATS_ARENAS), "");
}

static void lists_of_several_are_separated(void)
{
    number_class(0, 100);
    number_class(1, 200);
    const char *text = write_parts(EP_STATS_JSON, EP_STATS_CLASSES);
    assert_non_null(strstr(text, "\"remote_blocks\":115},\n{\"index\":1,"));
    assert_null(strstr(text, ",]"));
}

static void what_does_not_exist_is_refused(void)
{
    struct stream stream;
    length = 0;
    ep__stream_begin(&stream, keep, document);
    assert_false(ep__format_put(&stream, &account, (enum ep_stats_format)77, EP_STATS_ALL));
    assert_false(ep__format_put(&stream, &account, EP_STATS_JSON, 0));
    assert_false(ep__format_put(&stream, &account, EP_STATS_JSON, 16));
    assert_int_equal(ep__stream_end(&stream), 0);
    assert_int_equal(length, 0);
}

static int refuse(void *to, const char *bytes, size_t count)
{
    ++*(unsigned *)to;
    return bytes != NULL && count != 0 ? 5 : 0;
}

static void a_sink_that_fails_is_not_asked_again(void)
{
    for (unsigned format = EP_STATS_TEXT; format <= EP_STATS_XML; format++) {
        struct stream stream;
        unsigned calls = 0;
        for (unsigned i = 0; i < EP__CLASSES; i++)
            number_class(i, 1000);
        ep__stream_begin(&stream, refuse, &calls);
        assert_true(ep__format_put(&stream, &account, (enum ep_stats_format)format, EP_STATS_ALL));
        assert_int_equal(ep__stream_end(&stream), 5);
        assert_int_equal(calls, 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        alone(a_class_in_every_form),
        alone(a_family_of_metrics_has_its_samples_together),
        alone(the_process_has_no_labels_and_one_line_a_figure),
        alone(times_are_metrics_in_seconds_with_three_digits),
        alone(lists_may_be_empty_and_parts_left_out),
        alone(lists_of_several_are_separated),
        alone(what_does_not_exist_is_refused),
        alone(a_sink_that_fails_is_not_asked_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
