/* Sections of the program.  The argument stands in section.h. */
#include "cache/section.h"

#include "cache/thread.h"
#include "sys/report.h"

EP__COLD void ep__section_enter_slow(void)
{
    struct cache *cache = ep__thread_cache();
    uint64_t process = ep__fork_look(cache);
    if (cache != NULL)
        ep__grace_enter(&cache->grace);
    else if (ep__tls.guest_depth++ == 0)
        ep__grace_enter_guest(process);
}

EP__COLD void ep__section_exit_slow(void)
{
    if (ep__tls.guest_depth != 0) {
        if (--ep__tls.guest_depth == 0)
            ep__grace_exit_guest(ep__fork_look(NULL));
        return;
    }
    /* A thread that has exited may have been in one. */
    if (!ep__tls.has_exited)
        ep__report_corruption("ep_epoch_exit() without ep_epoch_enter(), called at",
                              __builtin_return_address(0));
}

bool ep__section_is_inside(void)
{
    struct cache *cache = ep__tls.cache;
    return ep__tls.guest_depth != 0 || (cache != NULL && ep__grace_is_inside(&cache->grace));
}
