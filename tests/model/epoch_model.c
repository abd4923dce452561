/* The part of ck_epoch that is in its library, not in its header: registration and polling, for the explorer.
 *
 * Written anew with the accesses of Concurrency Kit 0.7.1, in their order.  A record is seen
 * active or not, and if active with the epoch that it has observed.  The global epoch e advances when every
 * active record has observed it; what was deferred in epoch e - 1 is due when all have observed e, what was
 * deferred in e - 2 at once, and everything of the poller's own when nobody is active.
 */
#include <ck_epoch.h>

static unsigned run_due(ck_epoch_record_t *record, unsigned epoch)
{
    unsigned count = 0;
    ck_stack_entry_t *link =
        ck_stack_batch_pop_upmc(&record->pending[epoch & (CK_EPOCH_LENGTH - 1)]);
    while (link != NULL) {
        ck_stack_entry_t *next = link->next;
        ck_epoch_entry_t *entry =
            (ck_epoch_entry_t *)((char *)link - offsetof(ck_epoch_entry_t, stack_entry));
        entry->function(entry);
        count++;
        link = next;
    }
    record->n_pending -= count;
    return count;
}

/* Whether every active record has observed the epoch; *is_active says whether there was one. */
static bool have_all_observed(ck_epoch_t *domain, unsigned epoch, bool *is_active)
{
    ck_stack_entry_t *link = ck_pr_load_ptr(&domain->records.head);
    for (; link != NULL; link = link->next) {
        ck_epoch_record_t *record =
            (ck_epoch_record_t *)((char *)link - offsetof(ck_epoch_record_t, record_next));
        if (ck_pr_load_uint(&record->active) == 0)
            continue;
        *is_active = true;
        if (ck_pr_load_uint(&record->epoch) != epoch)
            return false;
    }
    return true;
}

bool ck_epoch_poll(ck_epoch_record_t *record)
{
    ck_epoch_t *domain = record->global;
    unsigned epoch = ck_pr_load_uint(&domain->epoch);
    ck_pr_fence_memory();
    bool is_active = false;
    unsigned count = run_due(record, epoch - 2);
    if (!have_all_observed(domain, epoch, &is_active))
        return count > 0;
    if (!is_active) {
        ck_pr_store_uint(&record->epoch, epoch);
        for (unsigned i = 0; i < CK_EPOCH_LENGTH; i++)
            (void)run_due(record, i);
        return true;
    }
    (void)ck_pr_cas_uint(&domain->epoch, epoch, epoch + 1);
    (void)run_due(record, epoch - 1);
    return true;
}

void ck_epoch_register(ck_epoch_t *domain, ck_epoch_record_t *record, void *context)
{
    record->global = domain;
    record->state = 0;
    record->epoch = 0;
    record->active = 0;
    record->n_pending = record->n_peak = record->n_dispatch = 0;
    record->ct = context;
    for (unsigned i = 0; i < CK_EPOCH_LENGTH; i++)
        record->pending[i].head = NULL;
    ck_stack_push_upmc(&domain->records, &record->record_next);
}
