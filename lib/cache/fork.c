/* Fork.  The argument stands in fork.h. */
#include "cache/fork.h"

#include "sys/options.h"
#include "sys/vm.h"

/* Points into a page of its own; NULL before the first birth. */
static _Atomic(_Atomic(uint64_t) *) mark;

/* The page, made by who comes first; NULL where it cannot be had. */
static _Atomic(uint64_t) *make_mark(void)
{
    size_t bytes = ep__vm_page_bytes();
    _Atomic(uint64_t) *page = ep__vm_map(bytes);
    if (page == NULL)
        return NULL;
    _Atomic(uint64_t) *none = NULL;
    /* order: relaxed -- nobody else knows the page */
    ep__store_relaxed(page, 1);
    if (!ep__vm_wipe_on_fork(page, bytes)) {
        (void)ep__vm_unmap(page, bytes);
        return NULL;
    }
    /* order: acq_rel FRK -- pairs with ep__fork_look; carries the 1.  ABA: written once */
    if (ep__cas_strong_acq_rel(&mark, &none, page))
        return page;
    (void)ep__vm_unmap(page, bytes);
    return none;
}

void ep__fork_look(struct cache *cache)
{
    /* order: acquire FRK -- pairs with make_mark */
    _Atomic(uint64_t) *page = ep__load_acquire(&mark);
    if (page == NULL)
        page = make_mark();
    /* order: relaxed -- zero only in a child; who swaps it acts */
    if (page == NULL || ep__likely(ep__load_relaxed(page) != 0))
        return;
    uint64_t zero = 0;
    /* order: relaxed -- one thread acts; the others need nothing of what it does.  ABA: zero once a process */
    if (!ep__cas_strong_relaxed(page, &zero, 1))
        return;
    if (ep__option_get(EP__OPTION_FORK) == EP__FORK_STRICT)
        ep__windows_close();
    ep__epoch_forget_others(cache == NULL ? NULL : &cache->epoch);
}
