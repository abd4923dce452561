/* Grace periods: deferral, polling, hand-over at a thread's exit, records that get another owner.
 *
 * One object is reachable through `shared`; readers look at it inside sections; one thread unlinks it and
 * defers its unmapping.
 */
#include "epoch/epoch.h"
#include "names.h"
#include "scenarios.h"
#include "sys/vm.h"
#include "vm_model.h"

struct thing {
    struct epoch_entry entry;
    uint64_t value;
};

enum { VALUE = 77, RECORDS = 3 };

static struct epoch_record records[RECORDS];
static _Atomic(struct thing *) shared;
static _Atomic(uint64_t) is_handed_over;

static void unmap_thing(struct epoch_entry *entry)
{
    (void)ep__vm_unmap(entry, ep__vm_page_bytes());
}

static void make_thing(void)
{
    struct thing *thing = ep__vm_map(ep__vm_page_bytes());
    thing->value = VALUE;
    ep__store_relaxed(&shared, thing);
    name_object(thing, ep__vm_page_bytes(), SHAPE_NUMBER, "thing");
    name_object(&shared, sizeof shared, SHAPE_NUMBER, "shared");
    for (unsigned i = 0; i < RECORDS; i++)
        ep__epoch_adopt_record(&records[i], 1);
}

static void read_it(struct epoch_record *record)
{
    model_doing("read in a section");
    ep__epoch_enter(record);
    struct thing *thing = ep__load_acquire(&shared);
    if (thing != NULL) {
        model_assert(thing->value == VALUE);
        (void)ep__load_relaxed(&is_handed_over);
        model_assert(thing->value == VALUE);
    }
    ep__epoch_exit(record);
}

static void unlink_and_defer(struct epoch_record *record)
{
    model_doing("unlink and defer");
    ep__epoch_enter(record);
    struct thing *thing = ep__exchange_acq_rel(&shared, NULL);
    if (thing != NULL)
        ep__epoch_defer(record, &thing->entry, unmap_thing);
    ep__epoch_exit(record);
}

static void poll(struct epoch_record *record, unsigned times)
{
    model_doing("poll");
    for (; times > 0; times--)
        ep__epoch_poll(record);
}

static void defer_and_poll(void)
{
    unlink_and_defer(&records[0]);
    poll(&records[0], 3);
}

/* As thread_exit() in lib/cache/thread.c: the record is free for the next owner of the id. */
static void defer_and_exit(void)
{
    unlink_and_defer(&records[0]);
    model_doing("hand over");
    ep__epoch_hand_over(&records[0]);
    (void)ep__exchange_release(&is_handed_over, 1);
}

static void defer_as_orphan(void)
{
    model_doing("unlink and leave an orphan");
    struct thing *thing = ep__exchange_acq_rel(&shared, NULL);
    if (thing != NULL)
        ep__epoch_defer_orphan(&thing->entry, unmap_thing);
}

static void read_and_poll(void)
{
    read_it(&records[1]);
    poll(&records[1], 2);
}

static void read_1(void)
{
    read_it(&records[1]);
}

static void read_2(void)
{
    read_it(&records[2]);
}

static void poll_2(void)
{
    poll(&records[2], 3);
}

/* The next thread with the first one's record. */
static void adopt_and_read(void)
{
    if (ep__load_acquire(&is_handed_over) == 0)
        return;
    ep__epoch_adopt_record(&records[0], 1);
    read_it(&records[0]);
    poll(&records[0], 2);
}

/* Nothing that was deferred is lost, or done twice. */
static void at_rest(void)
{
    for (unsigned i = 0; i < 12; i++)
        ep__epoch_poll(&records[i % RECORDS]);
    for (unsigned i = 0; i < RECORDS; i++)
        model_assert(records[i].record.n_pending == 0 && records[i].record.active == 0);
    model_assert(vm_gone_ranges() == 1);
}

const struct scenario scenarios_epoch[] = {
    {"epoch-defer", "one defers and polls while another reads", make_thing,
     .threads = {defer_and_poll, read_1}, .at_rest = at_rest},
    {"epoch-two-readers", "while two read", make_thing, .threads = {defer_and_poll, read_1, read_2},
     .at_rest = at_rest},
    {"epoch-hand-over", "one defers and exits; a reader polls what was handed over", make_thing,
     .threads = {defer_and_exit, read_and_poll}, .at_rest = at_rest},
    {"epoch-taker", "a third polls while the reader reads", make_thing,
     .threads = {defer_and_exit, read_1, poll_2}, .at_rest = at_rest},
    {"epoch-next-owner", "the exited thread's record has a new owner", make_thing,
     .threads = {defer_and_exit, read_1, adopt_and_read}, .at_rest = at_rest},
    {"epoch-orphan", "an orphan deferred outside sections", make_thing,
     .threads = {defer_as_orphan, read_1, poll_2}, .at_rest = at_rest},
    {.name = NULL},
};
