/* CPython's table: lib/observe/cpython.c.  tests/api/readers.py compares its lines with those of a real CPython. */
#include "unit/alone.h"

#include "observe/cpython.h"
#include "unit/caches.h"

static char table[16384];
static size_t length;
static struct account account;

static int keep(void *to, const char *bytes, size_t count)
{
    assert_ptr_equal(to, table);
    assert_true(length + count < sizeof table);
    memcpy(table + length, bytes, count);
    length += count;
    table[length] = '\0';
    return 0;
}

static const char *write_table(void)
{
    struct stream stream;
    length = 0;
    ep__stream_begin(&stream, keep, table);
    ep__cpython_put(&stream, &account);
    assert_int_equal(ep__stream_end(&stream), 0);
    return table;
}

static const char expected[] = "Small block threshold = 32768, in 80 size classes.\n"
                               "\n"
                               "class   size   num pools   blocks in use  avail blocks\n"
                               "-----   ----   ---------   -------------  ------------\n"
                               "   31    512           7             800            96\n"
                               "   79  32768     1234567         9876536             0\n"
                               "\n"
                               "# arenas allocated total           =                    7\n"
                               "# arenas reclaimed                 =                    4\n"
                               "# arenas highwater mark            =                    5\n"
                               "# arenas allocated current         =                    3\n"
                               "3 arenas * 4194304 bytes/arena     =           12,582,912\n"
                               "\n"
                               "# bytes in allocated blocks        =            1,000,000\n"
                               "# bytes in available blocks        =                  999\n"
                               "# bytes in allocated runs          =              131,072\n"
                               "12 unused pools * 65536 bytes      =              786,432\n"
                               "# bytes lost to pool headers       =                    0\n"
                               "# bytes lost to quantization       =                   64\n"
                               "# bytes lost to arena alignment    =                    0\n"
                               "# bytes in transition              =               65,536\n"
                               "Total                              =           12,582,912\n"
                               "# allocated bytes uncertain        =                  512\n"
                               "\n"
                               "arena map counts\n"
                               "# arena map mid nodes              =                    0\n"
                               "# arena map bot nodes              =                    0\n"
                               "\n"
                               "# bytes lost to arena map root     =                  512\n"
                               "# bytes lost to arena map mid      =                    0\n"
                               "# bytes lost to arena map bot      =                    0\n"
                               "Total                              =                  512\n";

static void each_line_has_its_number_in_cpythons_place(void)
{
    struct ep_stats *totals = &account.totals;
    account.classes[31] = (struct ep_class){.index = 31,
                                            .block_bytes = 512,
                                            .pools_owned = 1,
                                            .pools_full = 2,
                                            .pools_partial = 4,
                                            .blocks_in_use = 800,
                                            .blocks_available = 96};
    account.classes[79] = (struct ep_class){
        .index = 79, .block_bytes = 32768, .pools_full = 1234567, .blocks_in_use = 9876536};
    totals->arenas_created = 7;
    totals->arenas_retired = 4;
    totals->arenas_highwater = 5;
    totals->arenas = 3;
    totals->in_use_bytes = 1000000;
    totals->available_bytes = 999;
    totals->run_bytes = 131072;
    totals->unused_pools = 12;
    totals->quantization_bytes = 64;
    totals->unaccounted_bytes = 65536;
    totals->total_bytes = 12582912;
    totals->uncertain_bytes = 512;
    assert_string_equal(write_table(), expected);
}

/* The number of a line. */
static uint64_t value_of(const char *title)
{
    uint64_t value = 0;
    const char *at = strchr(strstr(table, title), '=') + 1;
    for (; *at != '\n'; at++)
        if (*at >= '0' && *at <= '9')
            value = value * 10 + (uint64_t)(*at - '0');
    return value;
}

static void the_map_is_its_windows_and_groups(void)
{
    (void)get_block(3);
    ep__account_take(&account);
    (void)write_table();
    assert_int_equal(value_of("map mid nodes"), 1);
    assert_int_equal(value_of("map bot nodes"), 1);
    uint64_t bottom = value_of("map bot  ");
    assert_int_equal(bottom,
                     sizeof(struct arena_group) + EP__GROUP_ARENAS * EP__ARENA_SLOTS *
                                                      (sizeof(struct pool) + sizeof(uint32_t)));
    keep_everything();
    for (unsigned i = 0; i < EP__GROUP_ARENAS; i++)
        (void)make_arena();
    ep__account_take(&account);
    (void)write_table();
    assert_int_equal(value_of("map bot nodes"), 2);
    assert_int_equal(value_of("map bot  "), 2 * bottom);
    assert_int_equal(value_of("map mid  "), sizeof(struct window));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        alone(each_line_has_its_number_in_cpythons_place),
        alone(the_map_is_its_windows_and_groups),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
