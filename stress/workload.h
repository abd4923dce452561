/* The work of one allocating thread: random operations on a table of block records.
 *
 * A worker owns a table of pointers to records, some of them empty.  Hand-over is by exchange: it swaps
 * one of its pointers with one in a shared slot, so the number of records per table never changes and
 * a record always has one owner.
 *
 * Work comes in tides: for some hundreds of operations a worker mostly allocates, mostly frees, or
 * both, of a single size or of all, and hand over much or nothing, so that pools become full, empty and
 * everything between, in one thread's hands or in many.
 *
 * The edge of the harness is HO (hand-over): stress_trade(), release and acquire on a slot; it carries
 * the record and the block's contents.
 */
#ifndef STRESS_WORKLOAD_H
#define STRESS_WORKLOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "oracle.h"
#include "random.h"
#include "sys/atomic.h"

/* Slots through which records change hands. */
struct exchange {
    size_t count;
    _Atomic(struct block *) *slots;
};

struct tide {
    unsigned left;           /* operations until the next one */
    unsigned allocate_share; /* of 256 */
    unsigned trade_share;    /* of 256 */
    size_t size;             /* 0: any */
};

/* Sizes that several workers use much, so that they meet in the same pools. */
enum { HOT_SIZES = 3 };

struct worker {
    struct stress_random random;
    size_t hot_sizes[HOT_SIZES]; /* 0: none */
    struct block **table;
    size_t table_size;
    struct exchange *exchange; /* NULL: no hand-over */
    struct tide tide;
    size_t largest;  /* no block is asked for above this */
    bool may_fail;   /* NULL from the allocator is an ordinary result */
    uint64_t failed; /* how often it was */
    uint64_t operations;
};

/* One random operation. */
void stress_work_step(struct worker *worker);

/* `operations` of them. */
void stress_work(struct worker *worker, uint64_t operations);

/* Swaps record i of the worker's table for one of a shared slot. */
void stress_trade(struct worker *worker, size_t i);

/* Calls one of the functions that take an alignment, any power of two. */
void *stress_aligned_get(struct stress_random *random, size_t alignment, size_t size);

/* --- tables (tables.c) -------------------------------------------------------------------------- */

/* Maps `count` empty records and a table of pointers to them.  Whoever makes tables and exchanges is alone. */
struct block **stress_table_make(size_t count);
void stress_exchange_make(struct exchange *exchange, size_t count);

/* A worker with a table of its own; its generator is the caller's to set. */
void stress_worker_make(struct worker *worker, size_t table_size, struct exchange *exchange,
                        size_t largest);

/* Frees the record's block, in one of the ways there are. */
void stress_record_free(struct block *block, struct stress_random *random);

/* Frees each block of the table with a chance of `share` in 256. */
void stress_table_free(struct block **table, size_t count, struct stress_random *random,
                       unsigned share);

/* --- at rest: all records that were ever made, with nobody else at work on them ------------------- */

/* Verifies each live block, and compares what is live with the account. */
void stress_rest_check(const char *when);

/* Frees each live block with a chance of `share` in 256; then the calling thread holds nothing any more. */
void stress_rest_free(struct stress_random *random, unsigned share);

/* The end of a run, whose threads have exited: checks, frees everything, and checks the empty heap. */
void stress_rest_end(uint64_t seed);

#endif
