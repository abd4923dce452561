/* Grace periods: when memory that others may still look at can be unmapped.
 *
 * Layer: epoch.  Uses: Concurrency Kit's ck_epoch (this is the only place that knows it), sys/atomic.
 * Used by: arena (retire, huge), cache (a record a thread), observe (walkers).
 *
 * Nouns: a record belongs to one control block, is registered once and stays registered for ever; between
 * owners it is inactive.  A section is what lies between enter and exit.  An entry is a deferred call,
 * stored in the object it is about.
 *
 * Algorithm: ck_epoch.  A deferred call runs when every section that was open at the deferral has ended;
 * poll asks, runs what may run, and never waits.  An exiting thread hands its entries over by pushing them
 * whole on one stack, `orphans`; the next poller takes the whole stack and files each entry anew in its own
 * record, which makes it wait for a new grace period: later than need be, never too early.
 *
 * Not used, on purpose: ck_epoch_recycle (hands out any record), ck_epoch_unregister (drops pending
 * calls), everything that waits.  ck_epoch 0.7.1 is right on x86 when the removal is a locked
 * read-modify-write inside the section in which the call is deferred; on other processors the build asks
 * for a version with the fixes.
 *
 * Who may overlap: each record has one owner at a time; different records' operations overlap freely.
 * Invariant: a record of a free control block has active == 0 and no entries.
 * Edges: ORP (the entries handed over), EPO (inside ck_epoch; annotated for ThreadSanitizer, which does not
 * see its inline assembly).
 * Progress: wait-free but for poll, which visits all records and runs all due entries' calls.
 * ABA: orphans is pushed to and taken whole.
 * Source: Fraser, Practical Lock-Freedom (2004); Concurrency Kit.
 */
#ifndef EPMALLOC_EPOCH_EPOCH_H
#define EPMALLOC_EPOCH_EPOCH_H

#include "sys/atomic.h"

#include <ck_epoch.h>
#include <stdbool.h>
#include <stdint.h>

struct epoch_entry {
    ck_epoch_entry_t entry;
};

struct epoch_record {
    ck_epoch_record_t record;
    bool is_registered;        /* the owner's */
    _Atomic(uint64_t) process; /* the owner's: in which process, counted by forks, it last looked */
    _Atomic(uint64_t) grace_periods; /* the owner's */
};

/* Prepares a record for a new owner in the process number `process`; the first time it is registered. */
void ep__epoch_adopt_record(struct epoch_record *record, uint64_t process);

/* The owner, outside sections, notes that it goes on living in the process number `process`. */
void ep__epoch_move_record(struct epoch_record *record, uint64_t process);

/* Sections nest.  The owner's thread only. */
void ep__epoch_enter(struct epoch_record *record);
void ep__epoch_exit(struct epoch_record *record);

/* Runs call(entry) after a grace period, on whichever thread polls then.  Inside the section in which the
 * object was unlinked by a read-modify-write. */
void ep__epoch_defer(struct epoch_record *record, struct epoch_entry *entry,
                     void (*call)(struct epoch_entry *));

/* The same for a thread that has no record: the entry goes to the orphans. */
void ep__epoch_defer_orphan(struct epoch_entry *entry, void (*call)(struct epoch_entry *));

/* How often a poll of the record has found a grace period over, and how many of its entries wait for one.  Any
 * thread. */
uint64_t ep__epoch_grace_periods(struct epoch_record *record);
uint32_t ep__epoch_pending(const struct epoch_record *record);

/* Runs what is due among the record's entries and the orphans.  Inside a section it does nothing. */
void ep__epoch_poll(struct epoch_record *record);

/* Hands all entries over; the record is then ready for another owner. */
void ep__epoch_hand_over(struct epoch_record *record);

/* In a forked child, the process number `process`: no section is open any more of a record that has not been
 * adopted by or moved to it. */
void ep__epoch_forget_others(uint64_t process);

#endif
