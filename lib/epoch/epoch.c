/* Grace periods on ck_epoch.  The argument stands in epoch.h. */
#include "epoch/epoch.h"

#include <stddef.h>

#include "epoch/annotate.h"
#include "sys/atomic.h"

/* What ck_epoch_init would write; static, so that there is no moment before it. */
static ck_epoch_t domain = {.epoch = 1};

/* Entries of threads that have exited; pushed to and taken whole. */
static _Atomic(ck_stack_entry_t *) orphans;

void ep__epoch_move_record(struct epoch_record *record, uint64_t process)
{
    /* order: relaxed -- sections, which the owner opens later, are ordered after it by ck_epoch's barrier */
    ep__store_relaxed(&record->process, process);
}

void ep__epoch_adopt_record(struct epoch_record *record, uint64_t process)
{
    ep__epoch_move_record(record, process);
    if (record->is_registered)
        return;
    record->is_registered = true;
    ck_epoch_register(&domain, &record->record, NULL);
}

void ep__epoch_enter(struct epoch_record *record)
{
    ck_epoch_begin(&record->record, NULL);
    /* order: acquire EPO -- more than ck_epoch gives; nothing relies on it (annotate.h) */
    ep__annotate_acquire(&domain);
}

void ep__epoch_exit(struct epoch_record *record)
{
    /* order: release EPO -- pairs with ep__epoch_poll; carries what the section has read */
    ep__annotate_release(&domain);
    (void)ck_epoch_end(&record->record, NULL);
}

void ep__epoch_defer(struct epoch_record *record, struct epoch_entry *entry,
                     void (*call)(struct epoch_entry *))
{
    /* epoch_entry's only member is its first: the two pointers have one representation, and ck_epoch calls
     * with the address that it was given. */
    ck_epoch_call(&record->record, &entry->entry, (ck_epoch_cb_t *)call);
    /* order: release EPO -- pairs with ep__epoch_poll; carries the object that the call is about */
    ep__annotate_release(&domain);
}

static ck_epoch_entry_t *entry_of(ck_stack_entry_t *link)
{
    return (ck_epoch_entry_t *)((char *)link - offsetof(ck_epoch_entry_t, stack_entry));
}

/* Files the entries of exited threads in our record: they wait for a new grace period. */
static void take_orphans(struct epoch_record *record)
{
    /* order: relaxed -- only saves the exchange when there is nothing; a later poll sees it */
    if (ep__load_relaxed(&orphans) == NULL)
        return;
    /* order: acquire ORP -- pairs with push_orphans; carries the chain and the objects it is in */
    ck_stack_entry_t *link = ep__exchange_acquire(&orphans, NULL);
    while (link != NULL) {
        ck_stack_entry_t *next = link->next;
        ck_epoch_entry_t *entry = entry_of(link);
        ck_epoch_call(&record->record, entry, entry->function);
        link = next;
    }
}

uint64_t ep__epoch_grace_periods(struct epoch_record *record)
{
    /* order: relaxed -- statistics */
    return ep__load_relaxed(&record->grace_periods);
}

uint32_t ep__epoch_pending(const struct epoch_record *record)
{
    return ck_pr_load_uint(&record->record.n_pending);
}

void ep__epoch_poll(struct epoch_record *record)
{
    /* ck_epoch_poll would count the open section as one that has just been opened. */
    if (record->record.active != 0)
        return;
    take_orphans(record);
    if (record->record.n_pending == 0)
        return;
    /* order: acquire EPO -- pairs with ep__epoch_exit and ep__epoch_defer; before the calls that are due */
    ep__annotate_acquire(&domain);
    if (ck_epoch_poll(&record->record)) {
        /* order: relaxed -- statistics; only the owner polls */
        (void)ep__add_own_relaxed(&record->grace_periods, 1);
    }
}

/* Pushes a chain first..last. */
static void push_orphans(ck_stack_entry_t *first, ck_stack_entry_t *last)
{
    /* order: relaxed -- the old head is only linked to, never looked into */
    ck_stack_entry_t *head = ep__load_relaxed(&orphans);
    do {
        last->next = head;
        /* order: release ORP -- pairs with take_orphans; carries the chain.  ABA: the stack is taken whole */
    } while (!ep__cas_weak_release(&orphans, &head, first));
}

void ep__epoch_defer_orphan(struct epoch_entry *entry, void (*call)(struct epoch_entry *))
{
    entry->entry.function = (ck_epoch_cb_t *)call;
    push_orphans(&entry->entry.stack_entry, &entry->entry.stack_entry);
}

void ep__epoch_hand_over(struct epoch_record *record)
{
    for (unsigned i = 0; i < CK_EPOCH_LENGTH; i++) {
        ck_stack_entry_t *first = ck_stack_batch_pop_upmc(&record->record.pending[i]);
        if (first == NULL)
            continue;
        ck_stack_entry_t *last = first;
        while (last->next != NULL)
            last = last->next;
        push_orphans(first, last);
    }
    record->record.n_pending = 0;
}

void ep__epoch_forget_others(uint64_t process)
{
    ck_stack_entry_t *link = CK_STACK_FIRST(&domain.records);
    for (; link != NULL; link = CK_STACK_NEXT(link)) {
        struct epoch_record *record =
            (struct epoch_record *)((char *)link - offsetof(ck_epoch_record_t, record_next));
        if (ck_pr_load_uint(&record->record.active) == 0)
            continue;
        ck_pr_fence_load();
        /* order: relaxed -- after the look at active: a section that is open in this process was opened after its
         * record's number was written, so the number is seen; an older one belongs to a thread that is gone */
        if (ep__load_relaxed(&record->process) != process)
            ck_pr_store_uint(&record->record.active, 0);
    }
}
