/* Fork.  The argument stands in fork.h. */
#include "cache/fork.h"

#include "cache/background.h"
#include "cache/deferred.h"
#include "sys/event.h"
#include "sys/options.h"
#include "sys/task.h"
#include "sys/vm.h"

enum { FIRST_PROCESS = 1 };

/* The number of the process that last looked. */
static _Atomic(uint64_t) last_process = FIRST_PROCESS;

_Atomic(_Atomic(uint64_t) *) ep__fork_mark;

/* The page, made by who comes first; NULL where it cannot be had. */
static _Atomic(uint64_t) *make_mark(void)
{
    size_t bytes = ep__vm_page_bytes();
    _Atomic(uint64_t) *page = ep__vm_map(bytes);
    if (page == NULL)
        return NULL;
    _Atomic(uint64_t) *none = NULL;
    /* order: relaxed -- nobody else knows the page */
    ep__store_relaxed(page, FIRST_PROCESS);
    if (!ep__vm_wipe_on_fork(page, bytes)) {
        (void)ep__vm_unmap(page, bytes);
        return NULL;
    }
    /* order: acq_rel FRK -- pairs with ep__fork_look; carries the number.  ABA: written once */
    if (ep__cas_strong_acq_rel(&ep__fork_mark, &none, page))
        return page;
    (void)ep__vm_unmap(page, bytes);
    return none;
}

/* The first slow path in a child, or one of several threads' at once: all of it may be done twice. */
EP__COLD static uint64_t recognise(_Atomic(uint64_t) *page)
{
    /* order: relaxed -- the parent's number, copied with its memory, or already ours */
    uint64_t process = ep__load_relaxed(&last_process) + 1;
    if (ep__option_get(EP__OPTION_FORK) == EP__FORK_STRICT)
        ep__windows_close();
    uint64_t zero = 0;
    /* order: acq_rel FRK -- pairs with ep__fork_look; carries the closed windows.  ABA: zero once a process */
    if (!ep__cas_strong_acq_rel(page, &zero, process))
        return zero;
    ep__event_forget();
    ep__epoch_forget_others(process);
    ep__deferred_recount();
    ep__background_note_child();
    /* order: relaxed -- read in this process's children only */
    ep__store_relaxed(&last_process, process);
    return process;
}

/* A record of the parent's process is that of the thread that called fork(): others' are not looked with. */
EP__COLD static void survive(struct cache *cache, uint64_t process)
{
    ep__grace_forget_others(process, &cache->grace);
    ep__grace_move_record(&cache->grace, process);
}

uint64_t ep__fork_look(struct cache *cache)
{
    /* order: acquire FRK -- pairs with make_mark */
    _Atomic(uint64_t) *page = ep__load_acquire(&ep__fork_mark);
    if (ep__unlikely(page == NULL))
        page = make_mark();
    if (page == NULL)
        return FIRST_PROCESS;
    /* order: acquire FRK -- pairs with recognise; zero only in a new child */
    uint64_t process = ep__load_acquire(page);
    if (ep__unlikely(process == 0))
        process = recognise(page);
    if (cache != NULL) {
        ep__epoch_move_record(&cache->epoch, process);
        if (ep__unlikely(!ep__grace_is_in(&cache->grace, process)))
            survive(cache, process);
    }
    return process;
}

void ep__fork_adopt_record(struct cache *cache, uint64_t process)
{
    ep__grace_adopt_record(&cache->grace, process);
    if (process != FIRST_PROCESS && ep__task_is_first())
        ep__grace_forget_others(process, &cache->grace);
}
