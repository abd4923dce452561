/* Watching.  The argument stands in watch.h. */
#include "cache/watch.h"

#include "sys/options.h"

/* Stands for "the options have not been looked at"; never called. */
const struct watch ep__watch_unread;

_Atomic(const struct watch *) ep__watch_word = &ep__watch_unread;

void ep__watch_set(const struct watch *watch)
{
    /* order: release WCH -- pairs with ep__watch_get */
    ep__store_release(&ep__watch_word, watch);
}

EP__COLD const struct watch *ep__watch_first(void)
{
    ep__options_load();
    ep__watch_begin();
    /* order: acquire WCH -- pairs with ep__watch_set */
    const struct watch *watch = ep__load_acquire(&ep__watch_word);
    return watch == &ep__watch_unread ? NULL : watch;
}
