/* Who watches, as the options say.  The contract stands in cache/watch.h. */
#include "cache/watch.h"

#include "observe/check.h"
#include "observe/stack.h"
#include "sys/options.h"

static unsigned check_level(void)
{
    return (unsigned)ep__option_get(EP__OPTION_CHECK);
}

void ep__watch_begin(void)
{
    ep__watch_set(check_level() == 0 ? NULL : ep__check_begin(check_level()));
}

/* The unwinder cannot be loaded by an allocation, so what comes before has stacks only where frame pointers are kept. */
__attribute__((constructor)) static void load_unwinder(void)
{
    ep__options_load();
    if (check_level() != 0)
        ep__stack_prepare();
}

__attribute__((destructor)) static void check_at_exit(void)
{
    if (check_level() != 0)
        ep__check_all();
}
