/* The memory that explored threads share: what is in it, who may see it, and how it is put back.
 *
 * Nouns: a *cell* is one object of up to 8 bytes, known by its address from its first access on.  A *clock*
 * counts, for each thread, how many of its steps have happened before.
 *
 * Each write, atomic or plain, is noted, so that memory can be put back as it was before the execution, and
 * so that one number, the hash, stands for all that was written.  Plain accesses come from the compiler's
 * instrumentation (hooks.c).  Two accesses of one cell by different threads, one of them a write and one of
 * them plain, must be ordered by C11's happens-before; else model_fail() says so.
 *
 * An atomic store stands either in memory or, in delayed mode, in its thread's buffer (buffers.c).
 */
#ifndef TESTS_MODEL_MEMORY_H
#define TESTS_MODEL_MEMORY_H

#include "sys/atomic.h"

enum { THREADS_MAX = 4 };

struct clock {
    uint32_t of[THREADS_MAX];
};

enum use { PLAIN_READ, PLAIN_WRITE, ATOMIC_READ, ATOMIC_WRITE, USES };

struct cell {
    uintptr_t address; /* 0: none */
    uint8_t size;
    bool is_counter; /* only added to and subtracted from; the results are not used */
    /* Over all executions. */
    uint8_t readers; /* a bit a thread: atomic accesses */
    uint8_t writers;
    uint8_t adders; /* to a counter */
    bool is_shared; /* another thread may come in at an atomic access */
    /* In one execution. */
    bool is_written;
    uint64_t execution;
    uint64_t initial;
    uint64_t value;        /* as it is in the hash */
    uint64_t contribution; /* to the hash */
    struct clock released; /* what who acquires the cell gets */
    uint32_t used[USES][THREADS_MAX];
};

/* The cell of an object, made where there is none. */
struct cell *memory_cell(void *address, unsigned size);

/* The clock of a thread: what has happened before its next step. */
struct clock *memory_clock(unsigned thread);

/* A new execution: memory is as it was before the last one. */
void memory_begin(void);

/* What is in an object of up to 8 bytes. */
uint64_t memory_read(const void *address, unsigned size);

/* Writes an object, to be undone by memory_begin(). */
void memory_write(struct cell *cell, uint64_t value);

/* The clock that who acquires the cell gets from now on. */
void memory_release(struct cell *cell, const struct clock *clock);
void memory_join(struct clock *clock, const struct clock *other);

/* Notes a use by a thread, and fails where another's use is not ordered with it. */
void memory_use(struct cell *cell, unsigned thread, enum use use);

/* A plain write is about to happen; the cell's value is read when the write is over. */
void memory_note_plain_write(struct cell *cell);

/* The plain writes that have been noted are over. */
void memory_settle(void);

/* Everything written so far, and (with_clocks) what who acquires it gets. */
uint64_t memory_hash(bool with_clocks);

/* Runs over all cells that some execution has used; for vm_model.c. */
void memory_visit(uintptr_t start, uintptr_t end, void (*visit)(struct cell *));

/* All cells that several threads use atomically, and one writes. */
unsigned memory_shared_cells(void);

static inline uint64_t hash_mix(uint64_t hash, uint64_t value)
{
    hash = (hash ^ value) * 0x9e3779b97f4a7c15U;
    hash ^= hash >> 32;
    hash *= 0xd6e8feb86659fd93U;
    return hash ^ hash >> 29;
}

#endif
