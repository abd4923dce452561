/* Grace periods of the program.  The argument stands in grace.h. */
#include "epoch/grace.h"

#include "sys/report.h"
#include "sys/task.h"

enum { GUEST_COUNT_BITS = 32 };

alignas(EP__CACHE_LINE_BYTES) _Atomic(uint64_t) ep__grace_now = EP__GRACE_FIRST;
alignas(EP__CACHE_LINE_BYTES) _Atomic(uint64_t) ep__grace_over;

/* All records that ever were registered; only pushed to. */
static _Atomic(struct grace_record *) records;

/* The process's number : 32 | guests in a section : 32 */
static _Atomic(uint64_t) guests;

static void register_record(struct grace_record *record)
{
    record->is_registered = true;
    /* order: relaxed -- the old head is only linked to */
    struct grace_record *head = ep__load_relaxed(&records);
    do {
        record->next = head;
        /* order: acq_rel GRR -- releases the record to ep__grace_poll; acquires from a poll that has missed it: what
         * that found unlinked is not found in this record's sections.  ABA: records never leave */
    } while (!ep__cas_weak_acq_rel(&records, &head, record));
}

void ep__grace_move_record(struct grace_record *record, uint64_t process)
{
    /* order: relaxed -- statistics */
    ep__store_relaxed(&record->thread, ep__task_number());
    /* order: relaxed -- read in this process's children only, and for statistics */
    ep__store_relaxed(&record->process, process);
}

void ep__grace_adopt_record(struct grace_record *record, uint64_t process)
{
    /* order: relaxed -- nobody asks for the thread of a record without a section; the section's swap comes later */
    ep__store_relaxed(&record->process, 0);
    ep__grace_move_record(record, process);
    if (!record->is_registered)
        register_record(record);
}

void ep__grace_leave_record(struct grace_record *record)
{
    while (ep__grace_exit(record)) {
    }
}

_Noreturn EP__COLD void ep__grace_report_depth(struct grace_record *record)
{
    ep__report_corruption(
        "ep_epoch_enter() was called 4096 times without ep_epoch_exit(), thread's record", record);
}

/* Another process's guests count as none. */
static bool has_guests(uint64_t word, uint64_t process)
{
    return word >> GUEST_COUNT_BITS == process && word != process << GUEST_COUNT_BITS;
}

void ep__grace_enter_guest(uint64_t process)
{
    /* order: relaxed -- the swap decides */
    uint64_t word = ep__load_relaxed(&guests);
    /* order: acq_rel SEC -- as the swap in ep__grace_enter.  ABA: the number of guests is all the truth there is */
    while (!ep__cas_weak_acq_rel(
        &guests, &word, (has_guests(word, process) ? word : process << GUEST_COUNT_BITS) + 1)) {
    }
}

void ep__grace_exit_guest(uint64_t process)
{
    /* order: relaxed -- the swap decides */
    uint64_t word = ep__load_relaxed(&guests);
    /* order: acq_rel SEC -- as the store in ep__grace_exit.  ABA: see ep__grace_enter_guest */
    while (has_guests(word, process) && !ep__cas_weak_acq_rel(&guests, &word, word - 1)) {
    }
}

uint64_t ep__grace_begin(void)
{
    /* order: acq_rel GOL -- releases the unlinking to ep__grace_enter and ep__grace_poll; passes on earlier ones */
    return ep__fetch_add_acq_rel(&ep__grace_now, 1) + 1;
}

/* Makes `over` at least `found`. */
static void raise_over(uint64_t found)
{
    /* order: relaxed -- the swap decides */
    uint64_t over = ep__load_relaxed(&ep__grace_over);
    while (over < found) {
        /* order: acq_rel OVR -- pairs with ep__grace_is_over; carries all that the sections have read, and what
         * earlier polls found.  ABA: it only grows */
        if (ep__cas_weak_acq_rel(&ep__grace_over, &over, found))
            return;
    }
}

uint64_t ep__grace_poll(uint64_t process)
{
    /* order: acquire GOL -- before any section is looked at: of goals that come later nothing is found out */
    uint64_t found = ep__load_acquire(&ep__grace_now);
    uint64_t bytes = 0;
    /* order: acq_rel SEC -- as below */
    if (has_guests(ep__fetch_add_acq_rel(&guests, 0), process))
        found = 0;
    /* order: acq_rel GRR -- pairs with register_record, which comes before or after this, as enter and poll do */
    struct grace_record *record = ep__fetch_add_acq_rel(&records, 0);
    for (; record != NULL; record = record->next) {
        /* order: acq_rel SEC -- acquires what ended sections have read; releases the unlinkings to the next enter,
         * which changes the same word and so comes before or after this */
        uint64_t section = ep__fetch_add_acq_rel(&record->section, 0) >> EP__SECTION_DEPTH_LOG2;
        if (section != 0 && section < found)
            found = section;
        /* order: relaxed -- a bound */
        if (ep__load_relaxed(&record->process) == process) {
            /* order: relaxed -- a bound */
            bytes += ep__load_relaxed(&record->counts[EP__WAITING_BYTES]);
        }
    }
    raise_over(found);
    return bytes;
}

static void add_record(struct grace_sum *sum, struct grace_record *record)
{
    for (unsigned i = 0; i < EP__COUNTS; i++) {
        /* order: relaxed -- statistics */
        sum->counts[i] += ep__load_relaxed(&record->counts[i]);
    }
    /* order: relaxed -- statistics */
    uint64_t since = ep__load_relaxed(&record->waiting_since_ms);
    if (since != 0 && (sum->waiting_since_ms == 0 || since < sum->waiting_since_ms))
        sum->waiting_since_ms = since;
    /* order: relaxed -- statistics */
    uint64_t section = ep__load_relaxed(&record->section) >> EP__SECTION_DEPTH_LOG2;
    if (section == 0)
        return;
    sum->sections++;
    if (sum->oldest != 0 && sum->oldest <= section)
        return;
    sum->oldest = section;
    /* order: relaxed -- statistics */
    sum->oldest_thread = ep__load_relaxed(&record->thread);
}

void ep__grace_sum_up(uint64_t process, struct grace_sum *sum)
{
    *sum = (struct grace_sum){.sections = 0};
    /* order: relaxed -- statistics */
    uint64_t word = ep__load_relaxed(&guests);
    if (has_guests(word, process))
        sum->sections = word & UINT32_MAX;
    /* order: acquire GRR -- pairs with register_record; carries the records */
    struct grace_record *record = ep__load_acquire(&records);
    for (; record != NULL; record = record->next) {
        /* order: relaxed -- statistics */
        if (ep__load_relaxed(&record->process) == process)
            add_record(sum, record);
    }
}

void ep__grace_forget_others(uint64_t process, const struct grace_record *own)
{
    /* order: acquire GRR -- pairs with register_record; carries the records */
    struct grace_record *record = ep__load_acquire(&records);
    for (; record != NULL; record = record->next) {
        /* order: acquire SEC -- pairs with ep__grace_enter; carries the number of the process that it was entered in */
        if (record == own || ep__load_acquire(&record->section) == 0)
            continue;
        /* order: relaxed -- after the look at the section, see above; an older number is that of a thread that is gone */
        if (ep__load_relaxed(&record->process) == process)
            continue;
        /* order: relaxed -- the section's thread is not there, nor anything that it could still read */
        ep__store_relaxed(&record->section, 0);
    }
}
