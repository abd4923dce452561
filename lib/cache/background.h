/* The helper thread: memory goes back although nobody calls, and whoever asks from outside is answered.
 *
 * Layer: cache.  Uses: sys (options, task), upkeep.  Used by: alloc, fork; observe gives it what it serves.
 *
 * Algorithm.  Off unless an option asks for it (helper, or one that needs the thread).  A constructor, which runs when
 * the C library can create threads, starts one detached thread that has every signal blocked and a small stack.
 * It repeats: one round of upkeep, then a wait of as long as the round has said, during which its server, if there
 * is one, may answer.
 *
 * pthread_create() allocates through us.  So a start is *due*, a flag, and whoever swaps the flag out starts: the calls
 * that come from within find it gone.  After a fork the first slow path of an allocation that finds the new process
 * sets the flag again, and starts when it has its block and no list is in its hands.  A child that the C library does
 * not know as a process of its own gets no thread: that of vfork(), whose thread would be the parent's, and that of
 * a bare clone(), in which the C library may hold locks for a thread that is gone.
 *
 * Nobody waits for the thread.  It ends when it is the last one, so that a program whose main thread has called
 * pthread_exit() ends as it would without it.
 *
 * Who may overlap: everybody.  Edges: SRV (what is served).
 * Progress: starting is a system call or two in the constructor and in a forked child's first slow path, beside the
 * locks that pthread_create() takes of the C library; with the options off, a load in slow paths.
 * Fails: where no thread can be had one line says so, and frees give memory back as they do without it.
 */
#ifndef EPMALLOC_CACHE_BACKGROUND_H
#define EPMALLOC_CACHE_BACKGROUND_H

#include <stdbool.h>
#include <stdint.h>

#include "sys/atomic.h"
#include "sys/bits.h"

/* What the thread does while it waits. */
struct background_server {
    void (*open)(void);                      /* once in each process, by the thread */
    void (*wait)(uint64_t milliseconds_max); /* waits at most so long, and answers */
};

/* 1: the thread is to be started. */
extern _Atomic(uint32_t) ep__background_due;

static inline bool ep__background_is_due(void)
{
    /* order: relaxed -- seen late, the next slow path starts it */
    return ep__load_relaxed(&ep__background_due) != 0;
}

/* Starts the thread when it is due.  Keeps errno.  The caller has nothing of the allocator in its hands. */
void ep__background_start(void);

/* The process is a new child. */
void ep__background_note_child(void);

/* Says what the thread serves; before the thread is started, by a constructor. */
void ep__background_serve(const struct background_server *server);

#endif
