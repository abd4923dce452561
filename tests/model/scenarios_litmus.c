/* The explorer itself: what it must see, and must not, of programs whose outcomes are known. */
#include "scenarios.h"

#include "sys/atomic.h"

static _Atomic(uint64_t) x;
static _Atomic(uint64_t) y;
static uint64_t plain;

/* What the threads of one execution have read. */
static uint64_t first;
static uint64_t second;

static void begin(void)
{
    first = second = 9;
}

static void note_both_old(void)
{
    if (first == 0 && second == 0)
        model_see();
}

static void note_out_of_order(void)
{
    if (first == 1 && second == 0)
        model_see();
}

static const char *only_when_delayed(bool is_delayed)
{
    if (model_has_seen() && !is_delayed)
        return "an outcome was seen that needs delayed stores";
    return is_delayed && !model_has_seen() ? "an outcome of delayed stores was not seen" : NULL;
}

static const char *never(bool is_delayed)
{
    (void)is_delayed;
    return model_has_seen() ? "an impossible outcome was seen" : NULL;
}

static const char *in_either_mode(bool is_delayed)
{
    (void)is_delayed;
    return model_has_seen() ? NULL : "a possible outcome was not seen";
}

static void store_x_read_y(void)
{
    ep__store_relaxed(&x, 1);
    first = ep__load_relaxed(&y);
}

static void store_y_read_x(void)
{
    ep__store_relaxed(&y, 1);
    second = ep__load_relaxed(&x);
}

static void swap_x_read_y(void)
{
    (void)ep__exchange_acq_rel(&x, 1);
    first = ep__load_relaxed(&y);
}

static void swap_y_read_x(void)
{
    (void)ep__exchange_acq_rel(&y, 1);
    second = ep__load_relaxed(&x);
}

static void store_x_then_y(void)
{
    ep__store_relaxed(&x, 1);
    ep__store_relaxed(&y, 1);
}

static void store_x_release_y(void)
{
    ep__store_relaxed(&x, 1);
    ep__store_release(&y, 1);
}

static void read_y_then_x(void)
{
    uint64_t seen = ep__load_acquire(&y);
    second = ep__load_relaxed(&x);
    first = seen;
}

/* Adds without a read-modify-write: one addition can be lost. */
static void add_badly(void)
{
    ep__store_relaxed(&x, ep__load_relaxed(&x) + 1);
}

static void note_lost_addition(void)
{
    if (ep__load_relaxed(&x) == 1)
        model_see();
}

static void write_and_release(void)
{
    plain = 7;
    ep__store_release(&y, 1);
}

static void write_and_tell(void)
{
    plain = 7;
    ep__store_relaxed(&y, 1);
}

static void write_and_add(void)
{
    (void)ep__fetch_or_relaxed(&y, 2);
}

static void acquire_and_read(void)
{
    if ((ep__load_acquire(&y) & 1U) != 0)
        model_assert(plain == 7);
}

static void wait_for_y(void)
{
    while (ep__load_acquire(&y) == 0) {
    }
}

#define NOTES(what, when) .begin = begin, .at_rest = (what), .verdict = (when)

const struct scenario scenarios_litmus[] = {
    {"litmus-store-load", "store, then read the other's: both read the old",
     .threads = {store_x_read_y, store_y_read_x}, NOTES(note_both_old, only_when_delayed)},
    {"litmus-swap-load", "read-modify-writes keep that order",
     .threads = {swap_x_read_y, swap_y_read_x}, NOTES(note_both_old, never)},
    {"litmus-stores", "two relaxed stores are seen in the other order",
     .threads = {store_x_then_y, read_y_then_x}, NOTES(note_out_of_order, only_when_delayed)},
    {"litmus-release", "not when the second releases",
     .threads = {store_x_release_y, read_y_then_x}, NOTES(note_out_of_order, never)},
    {"litmus-lost-addition", "load and store are two steps", .threads = {add_badly, add_badly},
     NOTES(note_lost_addition, in_either_mode)},
    {"litmus-ordered",
     "plain memory handed over by release and acquire is no race, nor is it with a relaxed "
     "read-modify-write in between",
     .threads = {write_and_release, acquire_and_read, write_and_add}},
    {"litmus-race", "by a relaxed store it is one", .threads = {write_and_tell, acquire_and_read},
     .is_faulty = true},
    {"litmus-wait", "a thread that waits for another is found out",
     .threads = {wait_for_y, write_and_release}, .is_faulty = true},
    {.name = NULL},
};
