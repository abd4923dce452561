/* Grace periods of the program: sections with goals, records that are registered meanwhile, guests.
 *
 * One object is reachable through `shared`; readers look at it inside sections; one thread unlinks it, takes a goal
 * and unmaps the object when the goal has been found over.
 */
#include "epoch/grace.h"
#include "names.h"
#include "scenarios.h"
#include "sys/vm.h"
#include "vm_model.h"

struct thing {
    uint64_t value;
};

enum { VALUE = 77, RECORDS = 3, PROCESS = 1 };

static struct grace_record records[RECORDS];
static struct grace_record late;
static _Atomic(struct thing *) shared;
static _Atomic(uint64_t) goal;

static void make_thing(void)
{
    struct thing *thing = ep__vm_map(ep__vm_page_bytes());
    thing->value = VALUE;
    ep__store_relaxed(&shared, thing);
    name_object(thing, ep__vm_page_bytes(), SHAPE_NUMBER, "thing");
    name_object(&shared, sizeof shared, SHAPE_NUMBER, "shared");
    name_object(&ep__grace_now, sizeof ep__grace_now, SHAPE_NUMBER, "now");
    name_object(&ep__grace_over, sizeof ep__grace_over, SHAPE_NUMBER, "over");
    for (unsigned i = 0; i < RECORDS; i++)
        ep__grace_adopt_record(&records[i], PROCESS);
}

static void look_at_it(void)
{
    struct thing *thing = ep__load_acquire(&shared);
    if (thing == NULL)
        return;
    model_assert(thing->value == VALUE);
    model_assert(thing->value == VALUE);
}

static void read_it(struct grace_record *record)
{
    model_doing("read in a section");
    ep__grace_enter(record);
    look_at_it();
    model_assert(ep__grace_exit(record));
}

static void unmap_if_over(struct thing *thing, uint64_t when)
{
    (void)ep__grace_poll(PROCESS);
    if (thing != NULL && ep__grace_is_over(when))
        (void)ep__vm_unmap(thing, ep__vm_page_bytes());
}

static void unlink_and_unmap(void)
{
    model_doing("unlink, begin and poll");
    struct thing *thing = ep__exchange_acq_rel(&shared, NULL);
    unmap_if_over(thing, ep__grace_begin());
}

/* Relies on whoever has polled. */
static void unlink_and_wait_for_others(void)
{
    model_doing("unlink and begin");
    struct thing *thing = ep__exchange_acq_rel(&shared, NULL);
    if (ep__grace_is_over(ep__grace_begin()))
        (void)ep__vm_unmap(thing, ep__vm_page_bytes());
}

/* The unlinker leaves the goal, with the thing, to whoever comes. */
static void unlink_and_leave(void)
{
    model_doing("unlink and leave the goal");
    (void)ep__exchange_acq_rel(&shared, NULL);
    (void)ep__exchange_release(&goal, ep__grace_begin());
}

static struct thing *left_behind;

static void make_thing_left_behind(void)
{
    make_thing();
    left_behind = ep__load_relaxed(&shared);
}

static void take_and_unmap(void)
{
    model_doing("take the goal and poll");
    uint64_t when = ep__exchange_acquire(&goal, 0);
    if (when != 0)
        unmap_if_over(left_behind, when);
}

static void read_0(void)
{
    read_it(&records[0]);
}

static void read_1(void)
{
    read_it(&records[1]);
}

/* Twice, nested the second time. */
static void read_again(void)
{
    read_it(&records[0]);
    ep__grace_enter(&records[0]);
    read_it(&records[0]);
    look_at_it();
    model_assert(ep__grace_exit(&records[0]));
}

static void poll_1(void)
{
    model_doing("poll");
    (void)ep__grace_poll(PROCESS);
}

static void register_and_read(void)
{
    model_doing("register");
    ep__grace_adopt_record(&late, PROCESS);
    read_it(&late);
}

static void read_as_guest(void)
{
    model_doing("read as a guest");
    ep__grace_enter_guest(PROCESS);
    look_at_it();
    ep__grace_exit_guest(PROCESS);
}

/* The section ends with the thread, and the record has another owner. */
static void end_and_read_again(void)
{
    ep__grace_enter(&records[0]);
    look_at_it();
    ep__grace_leave_record(&records[0]);
    ep__grace_adopt_record(&records[0], PROCESS);
    read_it(&records[0]);
}

static void at_rest(void)
{
    (void)ep__grace_poll(PROCESS);
    model_assert(ep__grace_is_over(ep__load_relaxed(&ep__grace_now)));
    for (unsigned i = 0; i < RECORDS; i++)
        model_assert(!ep__grace_is_inside(&records[i]));
}

const struct scenario scenarios_grace[] = {
    {"grace-read", "one unlinks and polls while another reads", make_thing,
     .threads = {unlink_and_unmap, read_0}, .at_rest = at_rest},
    {"grace-two-readers", "while two read", make_thing,
     .threads = {unlink_and_unmap, read_0, read_1}, .at_rest = at_rest},
    {"grace-again", "while one reads twice, and nested", make_thing,
     .threads = {unlink_and_unmap, read_again}, .at_rest = at_rest},
    {"grace-poller", "a third polls", make_thing, .threads = {unlink_and_unmap, read_0, poll_1},
     .at_rest = at_rest},
    {"grace-reliant", "only the third polls", make_thing,
     .threads = {unlink_and_wait_for_others, read_0, poll_1}, .at_rest = at_rest},
    {"grace-left", "the thing and its goal are left to a third", make_thing_left_behind,
     .threads = {unlink_and_leave, read_0, take_and_unmap}, .at_rest = at_rest},
    {"grace-birth", "the reader is registered meanwhile", make_thing,
     .threads = {unlink_and_unmap, register_and_read}, .at_rest = at_rest},
    {"grace-guest", "the reader is a guest", make_thing,
     .threads = {unlink_and_unmap, read_as_guest}, .at_rest = at_rest},
    {"grace-end", "a thread ends in its section", make_thing,
     .threads = {unlink_and_unmap, end_and_read_again}, .at_rest = at_rest},
    {.name = NULL},
};
