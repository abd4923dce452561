/* Events: every change of state of arenas, pools, runs, huge blocks and threads, for whoever watches.
 *
 * Layer: sys.  Uses: atomic, clock, task, event_ring, event_file, probes.  Used by: arena, pool, cache (they tell),
 * observe (switches on, drains).
 *
 * Nouns: an *event* is one change, told by the thread that made it, after the atomic operation by which it took
 * place.  Each kind has a *point*, a word that says who watches: its low half is the semaphore of the kind's USDT
 * probe, counted by debuggers and the kernel; its high half is set while events are recorded.  A *recording* is what
 * the threads write into their rings (event_ring.h) from there to a file (event_file.h).
 *
 * Algorithm.  The one who has changed something looks at the point of its kind: one relaxed load and a branch, in slow
 * paths only.  Where anybody watches, the event is made: the probe fires, and while a recording runs the event
 * is stamped with the time and put into the thread's ring.  A ring that is full is written to the recording's file by
 * its own thread; where there is no file, or another thread reads the ring, the event is dropped and counted.  So
 * recording waits for nobody, and nobody for it.
 *
 * Order.  Times are not relied on where there is something better.  A pool's events bear the generation of its
 * word, which every change of state counts up: g-1 -> g comes before g -> g+1.  An arena's bear a number of their own
 * (arena/arena_events.h).  Those of huge blocks, runs' lengths and threads are told while what changes belongs to the
 * teller alone, so the clock, which never goes back from one thread to the next that heard of it, orders them.
 *
 * A thread that is stopped before its event is in the ring: the change has taken place and is not told.  A ring's
 * entry is seen by readers when it is whole (event_ring.h), so a half-written one is as good as none; the gap in the
 * generations or numbers tells of it as soon as a later event of the object is there.  It keeps nobody: its ring is
 * its own, and where it is stopped while it writes the ring to the file, others write theirs.
 *
 * Who may overlap: everybody.  Signals: as malloc, from whose slow paths it is called.
 * Invariant: the points' high halves are all set or all clear, but while a recording starts or stops.
 * Edges: EVS (the recording's file, from who starts to who records).
 * Progress: wait-free, but for the adoption of a ring (lock-free) and the kernel's write.
 * Fails: no memory for a ring: the event is dropped and counted.  The file: the recording goes on in memory.
 * Bad at: an operation that is under way while recording starts may be told by half or not at all.
 */
#ifndef EPMALLOC_SYS_EVENT_H
#define EPMALLOC_SYS_EVENT_H

#include "sys/atomic.h"
#include "sys/bits.h"

/* The kinds, in the order of their numbers in recordings (1 and up): docs/tracing.md says what each carries. */
#define EP__EVENT_TABLE(EVENT)                                                                     \
    EVENT(ARENA_BEGUN, arena_begun)                                                                \
    EVENT(ARENA_TAKEN_AGAIN, arena_taken_again)                                                    \
    EVENT(ARENA_REFUSED, arena_refused)                                                            \
    EVENT(ARENA_CREATED, arena_created)                                                            \
    EVENT(ARENA_RETIRED, arena_retired)                                                            \
    EVENT(ARENA_RECLAIMED, arena_reclaimed)                                                        \
    EVENT(ARENA_MOVED, arena_moved)                                                                \
    EVENT(SLOTS_TAKEN, slots_taken)                                                                \
    EVENT(SLOTS_GIVEN, slots_given)                                                                \
    EVENT(SLOTS_TOUCHED, slots_touched)                                                            \
    EVENT(SLOTS_PURGED, slots_purged)                                                              \
    EVENT(POOL_ACQUIRED, pool_acquired)                                                            \
    EVENT(POOL_CARVED, pool_carved)                                                                \
    EVENT(POOL_UNCARVED, pool_uncarved)                                                            \
    EVENT(POOL_FULL, pool_full)                                                                    \
    EVENT(POOL_ADOPTED, pool_adopted)                                                              \
    EVENT(POOL_PARTIAL, pool_partial)                                                              \
    EVENT(POOL_CLAIMED, pool_claimed)                                                              \
    EVENT(POOL_EMPTIED, pool_emptied)                                                              \
    EVENT(RUN_ALLOCATED, run_allocated)                                                            \
    EVENT(RUN_RESIZED, run_resized)                                                                \
    EVENT(RUN_FREED, run_freed)                                                                    \
    EVENT(HUGE_ALLOCATED, huge_allocated)                                                          \
    EVENT(HUGE_RESIZED, huge_resized)                                                              \
    EVENT(HUGE_FREED, huge_freed)                                                                  \
    EVENT(THREAD_BORN, thread_born)                                                                \
    EVENT(THREAD_IDLE, thread_idle)                                                                \
    EVENT(THREAD_DIED, thread_died)

#define EP__EVENT_NUMBERED(upper, lower) EP__EVENT_##upper,
enum ep__event_kind {
    EP__EVENT_NONE,
    EP__EVENT_TABLE(EP__EVENT_NUMBERED)
    /* Not changes: what a walk finds at the end of a recording (observe/trace.c). */
    EP__EVENT_SEEN_SLOTS,
    EP__EVENT_SEEN_BUCKET,
    EP__EVENT_SEEN_TOUCHED,
    EP__EVENT_SEEN_POOL,
    EP__EVENT_SEEN_RUN,
    EP__EVENT_SEEN_HUGE,
    EP__EVENT_SEEN_THREAD,
    EP__EVENT_KINDS
};
#undef EP__EVENT_NUMBERED

/* As it stands in recordings, in the processor's order of bytes. */
struct event {
    uint64_t time_ns; /* monotonic */
    uint64_t object;  /* address: of the arena, pool, run or huge block; 0 for threads */
    uint64_t before;
    uint64_t after;
    uint64_t number; /* the object's own; 0 where the time orders */
    uint32_t thread; /* the teller's, the kernel's number */
    uint16_t span;   /* what the kind says */
    uint8_t kind;
    uint8_t class;
};

extern _Atomic(uint32_t) ep__event_points[EP__EVENT_KINDS];
#define EP__EVENT_RECORDED ((uint32_t)1 << 16)

/* Whether anybody watches for the kind. */
static inline bool ep__event_is_wanted(enum ep__event_kind kind)
{
    /* order: relaxed -- who watches from now on is told from a little later on */
    return ep__unlikely(ep__load_relaxed(&ep__event_points[kind]) != 0);
}

/* Whether events are recorded, not only watched. */
static inline bool ep__event_is_recorded(enum ep__event_kind kind)
{
    /* order: relaxed -- as ep__event_is_wanted */
    return (ep__load_relaxed(&ep__event_points[kind]) & EP__EVENT_RECORDED) != 0;
}

/* Tells an event, whose time and thread are filled in here.  Keeps errno. */
void ep__event_tell(struct event *event);

/* The calling thread keeps its ring from now on, which it gives back when it ends.  Others, and this one after its
 * end, have one for the length of an event. */
void ep__event_thread_begin(void);
void ep__event_thread_end(void);

/* Starts a recording to a file descriptor; a negative one: in memory until somebody drains.  Returns 0 or an errno:
 * EBUSY where one runs. */
int ep__event_start(int file);

/* Starts a recording to a new file; of the whole process's life, where nothing has been allocated yet.  Returns 0 or an
 * errno; the descriptor stays open for as long as the process, because a thread may be writing. */
int ep__event_start_file(const char *path, bool is_from_start);

/* Starts the recording that the option trace asks for, once; reports a file that cannot be written. */
void ep__event_load(void);

/* Stops recording.  What is in the rings stays there. */
void ep__event_stop(void);

/* The file descriptor that is recorded to, or -1. */
int ep__event_file_now(void);

/* Writes what all rings hold to a file.  Returns 0 or an errno; a ring that another thread reads is left to it. */
int ep__event_drain(int file);

/* In a forked child: records nothing any more, and never writes what the parent's threads left in their rings. */
void ep__event_forget(void);

/* Events that found no room, since the recording started. */
uint64_t ep__event_dropped(void);

#endif
