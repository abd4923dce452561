/* Whether a burst ends, and when it is blocked.
 *
 * Blocked means: for 150 ms nothing was completed, *and* the thread that is at work was found asleep in the kernel at 25
 * looks, 5 ms apart, or has spent 120 ms of processor time.  A thread that is ready to run and gets no processor shows
 * neither, so a busy machine makes the driver wait longer and changes no verdict.  Waits for locks of
 * the kernel (mmap, page tables) cannot be interrupted and do not count as sleep.
 */
#ifndef STRESS_FREEZE_JUDGE_H
#define STRESS_FREEZE_JUDGE_H

#include "freeze/freeze.h"

/* Asks for a burst and returns its number. */
uint32_t freeze_request(struct freeze_shared *shared, uint32_t kinds);

/* Waits for it; false: it is blocked. */
bool freeze_await(struct freeze_shared *shared, uint32_t number);

/* The victim has gone on by one instruction since freeze_await() returned false: whether the burst is over now.  An
 * ended wait is seen at once, a sleeper's after it was woken. */
bool freeze_await_again(struct freeze_shared *shared, uint32_t number);

const char *freeze_kind_name(enum freeze_kind kind);

/* What the burst does now. */
enum freeze_kind freeze_doing(struct freeze_shared *shared);

#endif
