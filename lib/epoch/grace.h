/* Grace periods of the program: sections that any thread opens, and goals that end with them.
 *
 * Layer: epoch.  Uses: sys.  Used by: cache (deferred, thread, fork), api.
 *
 * Nouns: a *record* belongs to one control block, is registered once and stays registered for ever.  A
 * *section* is what lies between the outermost enter and its exit.  A *goal* is a number that was given to
 * something unlinked; its grace period is *over* when every section that could have seen the thing linked has
 * ended.  A *guest* is a thread without a control block.
 *
 *     ep__grace_now   1, 2, 3 ...   the last goal that was given out
 *     section         0: outside, or  now at the entry : 52 | depth : 12
 *     over            every goal up to here is over
 *
 * Algorithm.  begin adds 1 to `now` and returns the sum, the goal, after the unlinking.  enter reads `now` and swaps
 * it into its record's section.  poll reads `now`, then adds 0 to every record's section, and has found that
 * all goals are over up to the smallest number in an open section, or to the `now` it has read where none is open.
 *
 * Why a goal is not over too early.  Let a thread read the thing unlinked for goal g, in a section with number
 * s.  If s >= g, enter has read a `now` that the begin of g wrote, or a later one, so it has seen the unlinking
 * and does not find the thing.  So s < g.  Take a poll that finds g over.  Its addition to the section comes before or
 * after the swap in enter, in the one order that the section's word has.  After: it sees s, which is smaller than g,
 * or it sees the section's end.  Before: enter has read what the addition wrote or what came from it, so enter
 * happens after the addition, hence after the begin of g, whose `now` the poll had read first, hence
 * after the unlinking, and again does not find the thing.  Both sides change the same word, so there is no store-load
 * pair and no fence, and a section costs one locked instruction.
 * A number that enter has read long ago is only smaller: the goal waits longer.  The numbers do not wrap: 2^52.
 *
 * This is not ck_epoch, which the allocator's own sections use (epoch.h); docs/decisions tells why.
 *
 * Who may overlap: everything; a record's enter and exit are its owner's, and may be interrupted by a handler
 * on the same thread that enters and exits.
 * Invariants
 *   1. over <= now, and neither ever becomes smaller.
 *   2. a section's number is at most `now`.
 *   3. a record without an owner has section 0.
 * Edges: GOL (the unlinking, from begin to enter and poll), SEC (the section's word: what the section has read, from
 * exit to poll; the unlinking, from poll to enter), OVR (both, from who has found a goal over to who relies on it),
 * GRR (a record, from its registration to poll).
 * Fork: in a child the sections of threads that it does not have are closed by forget_others; a guest's section
 * counts in the process whose number stands beside the count.
 * Progress: all wait-free but for registration and guests' steps, which are lock-free; poll visits all records.
 * Bad at: guests; while one of them is in a section no goal becomes over.
 * Source: the goals and the one reading of all sections are those of FreeBSD's safe memory reclamation.
 */
#ifndef EPMALLOC_EPOCH_GRACE_H
#define EPMALLOC_EPOCH_GRACE_H

#include <stdalign.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sys/atomic.h"
#include "sys/bits.h"

enum {
    EP__SECTION_DEPTH_LOG2 = 12,
    EP__SECTION_DEPTH_MAX = (1 << EP__SECTION_DEPTH_LOG2) - 1,
    EP__GRACE_FIRST = 1, /* what `now` begins with */
};

/* What a record's owner counts; others read the sums. */
enum ep__count {
    EP__WAITING_BLOCKS, /* deferred, and not freed yet */
    EP__WAITING_CALLS,  /* deferred, and not called yet */
    EP__WAITING_BYTES,  /* of both */
    EP__FREED_BLOCKS,   /* deferred and freed */
    EP__RUN_CALLS,      /* deferred and called */
    EP__REFUSED,        /* deferrals that were refused */
    EP__COUNTS
};

struct grace_record {
    /* The owner enters and exits; pollers add 0. */
    alignas(EP__CACHE_LINE_BYTES) _Atomic(uint64_t) section;
    _Atomic(uint64_t) process; /* the owner's: in which process, counted by forks, it last looked */
    /* The owner's; any thread reads. */
    alignas(EP__CACHE_LINE_BYTES) _Atomic(uint64_t) counts[EP__COUNTS];
    _Atomic(uint64_t) waiting_since_ms; /* the oldest that waits; 0: nothing does */
    _Atomic(uint32_t) thread;           /* the kernel's number of the owner */
    bool is_registered;
    /* Set once. */
    struct grace_record *next;
};

/* Sums over the records of this process's threads. */
struct grace_sum {
    uint64_t counts[EP__COUNTS];
    uint64_t waiting_since_ms;
    uint64_t sections; /* open now */
    uint64_t oldest;   /* the smallest number of an open section; 0: none is open */
    uint32_t oldest_thread;
};

extern _Atomic(uint64_t) ep__grace_now;
extern _Atomic(uint64_t) ep__grace_over;

/* Prepares a record for a new owner, the calling thread, in the process number `process`. */
void ep__grace_adopt_record(struct grace_record *record, uint64_t process);

/* Whether the owner has noted that it lives in the process number `process`. */
static inline bool ep__grace_is_in(struct grace_record *record, uint64_t process)
{
    /* order: relaxed -- the owner's own number */
    return ep__load_relaxed(&record->process) == process;
}

/* The owner notes that it goes on living in the process number `process`. */
void ep__grace_move_record(struct grace_record *record, uint64_t process);

/* Ends the sections of an exiting owner. */
void ep__grace_leave_record(struct grace_record *record);

/* The sections are nested too deep for a record to count. */
_Noreturn void ep__grace_report_depth(struct grace_record *record);

static inline void ep__grace_enter(struct grace_record *record)
{
    /* order: relaxed -- the owner's own word; pollers do not change its value */
    uint64_t word = ep__load_relaxed(&record->section);
    if (ep__likely(word == 0)) {
        /* order: acquire GOL -- pairs with ep__grace_begin: who has the number of a goal has seen its unlinking */
        uint64_t now = ep__load_acquire(&ep__grace_now);
        /* order: acq_rel SEC -- acquires from a poll that has seen the record outside: what it found unlinked is
         * not found here; passes on what the last exit released.  ABA: 0 is outside, whenever */
        (void)ep__exchange_acq_rel(&record->section, now << EP__SECTION_DEPTH_LOG2 | 1);
        return;
    }
    if (ep__unlikely((word & EP__SECTION_DEPTH_MAX) == EP__SECTION_DEPTH_MAX))
        ep__grace_report_depth(record);
    /* order: release SEC -- passes on what the last exit released; a relaxed store would cut that off */
    ep__store_release(&record->section, word + 1);
}

/* False: no section is open. */
static inline bool ep__grace_exit(struct grace_record *record)
{
    /* order: relaxed -- the owner's own word; pollers do not change its value */
    uint64_t word = ep__load_relaxed(&record->section);
    if (ep__unlikely(word == 0))
        return false;
    bool is_outermost = (word & EP__SECTION_DEPTH_MAX) == 1;
    /* order: release SEC -- pairs with ep__grace_poll; carries what the section has read */
    ep__store_release(&record->section, is_outermost ? 0 : word - 1);
    return true;
}

/* Whether the owner is in a section. */
static inline bool ep__grace_is_inside(struct grace_record *record)
{
    /* order: relaxed -- the owner's own word */
    return ep__load_relaxed(&record->section) != 0;
}

/* A guest's sections, which do not nest; the process's number tells whether a count is a parent's. */
void ep__grace_enter_guest(uint64_t process);
void ep__grace_exit_guest(uint64_t process);

/* Gives a goal to what the caller has unlinked before. */
uint64_t ep__grace_begin(void);

/* Whether a goal has been found over. */
static inline bool ep__grace_is_over(uint64_t goal)
{
    /* order: acquire OVR -- pairs with ep__grace_poll; carries all that the sections have read */
    return ep__load_acquire(&ep__grace_over) >= goal;
}

/* Finds out which goals are over.  Returns the bytes that wait, of all threads of the process. */
uint64_t ep__grace_poll(uint64_t process);

/* What the records say now; nothing may be concluded from it. */
void ep__grace_sum_up(uint64_t process, struct grace_sum *sum);

/* The owner adds to one of its counts. */
static inline void ep__grace_count(struct grace_record *record, enum ep__count count, uint64_t more)
{
    /* order: relaxed -- statistics and a bound; one writer */
    uint64_t before = ep__load_relaxed(&record->counts[count]);
    /* order: relaxed -- see above */
    ep__store_relaxed(&record->counts[count], before + more);
}

/* In a forked child, the process number `process`: no section is open any more of a record that has not been
 * adopted by or moved to it, but for the caller's own. */
void ep__grace_forget_others(uint64_t process, const struct grace_record *own);

#endif
