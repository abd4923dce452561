/* Who watches: lib/observe/watcher.c. */
#include "unit/alone.h"

#include <epmalloc/epmalloc.h>

#include "cache/watch.h"
#include "sys/options.h"

static void without_options_nobody_watches(void)
{
    ep_free(ep_malloc(1));
    assert_null(ep__watch_get());
}

static void the_very_first_block_is_checked_where_that_is_asked_for(void)
{
    assert_true(ep__option_set(EP__OPTION_CHECK, 2));
    void *p = ep_malloc(33);
    assert_int_equal(ep_usable_size(p), 33);
    assert_non_null(ep__watch_get());
    ep_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        alone(without_options_nobody_watches),
        alone(the_very_first_block_is_checked_where_that_is_asked_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
