/* Who watches: lib/observe/watcher.c. */
#include "unit/alone.h"

#include <epmalloc/epmalloc.h>

#include "cache/watch.h"

static void without_options_nobody_watches(void)
{
    ep_free(ep_malloc(1));
    assert_null(ep__watch_get());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        alone(without_options_nobody_watches),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
