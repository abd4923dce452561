/* What others do while the victim stands still (freeze.h lists the kinds).
 *
 * The burster is one thread.  For the births it calls threads that were created before and wait in the
 * kernel, so that no thread is created while the victim may hold a lock of the C library; the nurse, a thread of its
 * own, creates new ones.  A birth ends when the kernel knows the thread no more.
 *
 * A failed allocation is an ordinary result of a burst: some operations exhaust memory.
 */
#ifndef STRESS_FREEZE_BURST_H
#define STRESS_FREEZE_BURST_H

#include <pthread.h>

#include "freeze/freeze.h"

/* Starts burster and nurse; the nurse at the first birth only, where nobody is to allocate before. */
void freeze_burst_start(struct freeze_shared *shared, bool is_quiet);

/* Tells the driver that a step of the burst is done. */
void freeze_burst_step(void);

/* The thread or process whose progress counts, until the next call. */
void freeze_burst_watch(int tid);

/* One thread of the kind FREEZE_BIRTH, if one waits. */
void freeze_birth_call(void);
void freeze_birth_start(void);

/* Blocks between the victim and the others, both ways. */
enum freeze_way_round { FREEZE_FROM_VICTIM, FREEZE_TO_VICTIM };
bool freeze_ring_put(enum freeze_way_round way, void *p);
void *freeze_ring_take(enum freeze_way_round way);

int freeze_tid(void);

/* A thread with a small stack; false: there is none to be had. */
bool freeze_thread(void *(*body)(void *), void *argument, pthread_t *thread);

#endif
