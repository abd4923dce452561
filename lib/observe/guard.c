/* Guarded blocks.  The argument stands in guard.h. */
#include "observe/guard.h"

#include <signal.h>

#include "observe/check.h"
#include "observe/diagnosis.h"
#include "observe/quarantine.h"
#include "pool/run.h"
#include "sys/options.h"
#include "sys/vm.h"

enum { FRONT_MIN = 16, FRONT_MAX = 0xfff0 };

static _Atomic(size_t) count;
static _Atomic(uint32_t) is_installed;
static struct sigaction handler_before;

size_t ep__guard_count(void)
{
    /* order: relaxed -- a bound */
    return ep__load_relaxed(&count);
}

static size_t run_bytes(const struct tracked *tracked)
{
    struct found found = ep__lookup(tracked->address);
    return ep__run_bytes(found.pool);
}

static char *start_of(const struct tracked *tracked)
{
    return tracked->address - tracked->front;
}

char *ep__guard_end(const struct tracked *tracked)
{
    return start_of(tracked) + run_bytes(tracked) - ep__vm_page_bytes();
}

static void give_up(void)
{
    /* order: relaxed -- a bound */
    ep__fetch_sub_relaxed(&count, 1);
}

/* Counts a guard in; false: there are enough. */
static bool count_in(void)
{
    for (;;) {
        /* order: relaxed -- a bound */
        if (ep__fetch_add_relaxed(&count, 1) < ep__option_get(EP__OPTION_CHECK_GUARDS))
            return true;
        give_up();
        if (!ep__quarantine_evict(ep__check_let_go))
            return false;
    }
}

static bool protect_end(char *p)
{
    struct tracked copy;
    struct found found = ep__lookup(p);
    if (!ep__tracked_read(p, &found, &copy))
        return false;
    if (ep__vm_decommit(ep__guard_end(&copy), ep__vm_page_bytes()))
        return true;
    if (ep__tracked_detach(p, &found, &copy))
        (void)ep__tracked_give_back(&copy);
    return false;
}

void *ep__guard_alloc(size_t size, size_t alignment, uint32_t stack)
{
    size_t page = ep__vm_page_bytes();
    if (alignment < FRONT_MIN)
        alignment = FRONT_MIN;
    if (size > EP__RUN_BYTES_MAX - 2 * page || alignment > page)
        return NULL;
    size_t bytes = ep__round_up(size + page + alignment, EP__SLOT_BYTES);
    size_t front = ep__round_down(bytes - page - size, alignment);
    if (front > FRONT_MAX)
        front = ep__round_down(FRONT_MAX, alignment);
    struct tracking tracking = {.size = size,
                                .alignment = 1,
                                .front = front,
                                .back = bytes - size - front,
                                .stack = stack,
                                .flags = EP__TRACKED_EXACT | EP__TRACKED_GUARDED};
    if (bytes > EP__RUN_BYTES_MAX || !count_in())
        return NULL;
    bool is_zero;
    char *p = ep__tracked_alloc(&tracking, &is_zero);
    if (p != NULL && protect_end(p))
        return p;
    give_up();
    return NULL;
}

void ep__guard_close(const struct tracked *tracked)
{
    (void)ep__vm_decommit(start_of(tracked), run_bytes(tracked));
}

bool ep__guard_open(const struct tracked *tracked)
{
    if (!ep__vm_commit(start_of(tracked), run_bytes(tracked)))
        return false;
    give_up();
    return true;
}

bool ep__guard_find(const void *address, struct tracked *copy)
{
    struct found found = ep__lookup(address);
    if (found.what != EP__FOUND_RUN && found.what != EP__FOUND_MISALIGNED)
        return false;
    struct tracked_record *record = ep__tracked_find(address, &found);
    return record != NULL && ep__record_read(record, copy) &&
           (copy->flags & EP__TRACKED_GUARDED) != 0;
}

/* A fault that is none of ours comes again when the handler from before is back. */
static void handle_fault(int number, siginfo_t *fault, void *context)
{
    struct tracked copy;
    (void)context;
    if (ep__guard_find(fault->si_addr, &copy))
        ep__diagnosis_of_touch(fault->si_addr, &copy);
    (void)sigaction(number, &handler_before, NULL);
}

void ep__guard_handle_faults(void)
{
    /* order: relaxed -- the exchange's atomicity alone decides who installs it */
    if (ep__exchange_relaxed(&is_installed, 1) != 0)
        return;
    struct sigaction handler = {.sa_sigaction = handle_fault,
                                .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER};
    (void)sigaction(SIGSEGV, &handler, &handler_before);
}
