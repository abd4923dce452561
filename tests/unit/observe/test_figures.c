/* The table of figures: lib/observe/figures.c.  tests/lint/statistics.py compares it with docs/statistics.md. */
#include "unit/alone.h"

#include "observe/figures.h"
#include "unit/caches.h"

static bool ends_in(const char *name, const char *end)
{
    size_t length = strlen(name);
    return length > strlen(end) && strcmp(name + length - strlen(end), end) == 0;
}

static void every_number_of_a_structure_stands_in_the_table_in_its_order(void)
{
    static const size_t sizes[EP__PARTS] = {sizeof(struct ep_stats), sizeof(struct ep_class),
                                            offsetof(struct ep_arena, free_mask),
                                            sizeof(struct ep_thread)};
    for (unsigned i = 0; i < EP__PARTS; i++) {
        const struct part *part = &ep__parts[i];
        size_t next = part->plural == NULL ? 0 : sizeof(uint64_t); /* after struct_bytes */
        for (unsigned j = 0; j < part->count; j++, next += sizeof(uint64_t)) {
            if (next == offsetof(struct ep_arena, start) && part->bit == EP_STATS_ARENAS)
                next += sizeof(uint64_t); /* an address is no figure */
            assert_int_equal(part->figures[j].offset, next);
        }
        assert_int_equal(next, sizes[i]);
    }
}

static void names_are_alike_in_form_and_tell_their_units(void)
{
    for (unsigned i = 0; i < EP__PARTS; i++) {
        for (unsigned j = 0; j < ep__parts[i].count; j++) {
            const struct figure *figure = &ep__parts[i].figures[j];
            assert_int_equal(strspn(figure->name, "abcdefghijklmnopqrstuvwxyz_"),
                             strlen(figure->name));
            assert_int_equal(figure->unit == EP__BYTES, ends_in(figure->name, "_bytes"));
            assert_int_equal(figure->unit == EP__MILLISECONDS, ends_in(figure->name, "_ms"));
            /* OpenMetrics keeps these for itself. */
            assert_false(ends_in(figure->name, "_total") || ends_in(figure->name, "_count") ||
                         ends_in(figure->name, "_sum") || ends_in(figure->name, "_bucket"));
            for (unsigned k = 0; k < j; k++)
                assert_string_not_equal(figure->name, ep__parts[i].figures[k].name);
        }
    }
}

static void a_help_is_one_line_without_what_a_format_would_have_to_quote(void)
{
    for (unsigned i = 0; i < EP__PARTS; i++) {
        for (unsigned j = 0; j < ep__parts[i].count; j++) {
            const char *help = ep__parts[i].figures[j].help;
            assert_true(strlen(help) > 10);
            assert_int_equal(strcspn(help, "\"\\\n<>&|`"), strlen(help));
        }
    }
}

static void lists_have_labels_and_the_process_has_none(void)
{
    for (unsigned i = 0; i < EP__PARTS; i++) {
        unsigned labels = 0;
        for (unsigned j = 0; j < ep__parts[i].count; j++)
            labels += ep__parts[i].figures[j].type == EP__LABEL;
        assert_int_equal(labels > 0, ep__parts[i].plural != NULL);
        assert_int_equal(ep__parts[i].bit, 1U << i);
    }
}

static unsigned visits;

static int count_visit(const void *record, void *last)
{
    visits++;
    return last != NULL && visits == *(unsigned *)last ? (int)visits : record == NULL;
}

static unsigned visits_of(unsigned bit)
{
    struct account account;
    ep__account_take(&account);
    visits = 0;
    for (unsigned i = 0; i < EP__PARTS; i++)
        if (ep__parts[i].bit == bit)
            assert_int_equal(ep__part_each(&ep__parts[i], &account, count_visit, NULL), 0);
    return visits;
}

static void each_record_is_visited_and_classes_only_when_they_were_used(void)
{
    assert_int_equal(visits_of(EP_STATS_PROCESS), 1);
    assert_int_equal(visits_of(EP_STATS_CLASSES), 0);
    assert_int_equal(visits_of(EP_STATS_ARENAS), 0);
    assert_int_equal(visits_of(EP_STATS_THREADS), 0);
    void *p = get_block(3);
    (void)get_block(40);
    ep_free(p);
    assert_int_equal(visits_of(EP_STATS_CLASSES), 2);
    assert_int_equal(visits_of(EP_STATS_ARENAS), 1);
    assert_int_equal(visits_of(EP_STATS_THREADS), 1);
    (void)make_arena();
    assert_int_equal(visits_of(EP_STATS_ARENAS), 2);
}

static void a_visit_may_end_the_walk(void)
{
    struct account account;
    unsigned last = 1;
    for (unsigned class = 0; class < 5; class ++)
        (void)get_block(class);
    (void)make_arena();
    ep__account_take(&account);
    for (unsigned i = 0; i < EP__PARTS; i++) {
        visits = 0;
        assert_int_equal(ep__part_each(&ep__parts[i], &account, count_visit, &last), 1);
        assert_int_equal(visits, 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        alone(every_number_of_a_structure_stands_in_the_table_in_its_order),
        alone(names_are_alike_in_form_and_tell_their_units),
        alone(a_help_is_one_line_without_what_a_format_would_have_to_quote),
        alone(lists_have_labels_and_the_process_has_none),
        alone(each_record_is_visited_and_classes_only_when_they_were_used),
        alone(a_visit_may_end_the_walk),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
