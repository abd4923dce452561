/* Batches: what one thread defers under one liburcu flavour, with one grace period for all of it.
 *
 * Adapter.  Uses: the public interface, sys/atomic.h.  Used by: urcu.c, grace_call.c, grace_poll.c.
 *
 * A batch is a block of 4 KiB.  It is *open* while it is filled, *closed* when its grace period has begun, *over* when
 * that is.  How a grace period is begun and asked for is the matter of one of two files:
 *
 *     grace_call.c   liburcu to 0.13: one call_rcu a batch, whose callback marks the batch
 *     grace_poll.c   liburcu from 0.14: start_poll_synchronize_rcu and poll_state_synchronize_rcu
 *
 * Who may overlap: a batch is one thread's; the callback of grace_call.c writes is_over only.
 * Edges: URO (what the grace period has waited for, from the callback to who frees the batch).
 */
#ifndef EPMALLOC_ADAPTERS_URCU_BATCH_H
#define EPMALLOC_ADAPTERS_URCU_BATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <urcu/wfcqueue.h>

#include <urcu/call-rcu.h>
#include <urcu/flavor.h>

#include "sys/atomic.h"

enum {
    EP__URCU_BATCH_BYTES = 4096,
    EP__URCU_BLOCKS = 500,
    EP__URCU_CALLS = EP__URCU_BLOCKS / 2,
};

struct urcu_call {
    void (*function)(void *argument);
    void *argument;
};

struct urcu_batch {
    struct urcu_batch *next;
    union {
        struct rcu_head head;       /* grace_call.c */
        unsigned long grace_period; /* grace_poll.c */
    };
    _Atomic(bool) is_over;
    bool is_closed;
    uint32_t count; /* deferrals that have come */
    uint32_t done;  /* of them, freed or called */
    union {
        void *blocks[EP__URCU_BLOCKS];
        struct urcu_call calls[EP__URCU_CALLS];
    };
};
_Static_assert(sizeof(struct urcu_batch) <= EP__URCU_BATCH_BYTES, "a batch is a block of 4 KiB");

/* Begins the grace period of what is in the batch. */
void ep__urcu_begin(const struct rcu_flavor_struct *flavor, struct urcu_batch *batch);

/* Whether the grace period of a closed batch is over. */
bool ep__urcu_is_over(const struct rcu_flavor_struct *flavor, struct urcu_batch *batch);

#endif
