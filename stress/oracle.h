/* The shadow oracle: what every live block must be, and whether it is.
 *
 * A live block has a record (struct block) outside the allocator: address, size asked for, usable
 * size, and an id that no other block of the run has.  From malloc to free the block holds its own
 * stream of words,
 *
 *     word i of block id  =  id << 32 | hash(i)
 *
 * in every word of a small block, in the first and last words and one word of every cell of a big one.
 * It is verified before each free and realloc.  A word that belongs to another block names that
 * block's id.  A freed block is marked as such in its first and last word, so that nothing stale passes.
 *
 * The registry knows the id of the live block at an address: a word per 16 bytes of address space, set
 * when a block is got, cleared when it is given back, checked both times.  Blocks to 1 KiB have all
 * their words set; bigger ones their first, last, and every 256 bytes (every page above 64 KiB).  Two
 * blocks that overlap show at malloc or, when both were got at the same moment, at free.
 *
 * The oracle must not hide the allocator's races behind its own synchronisation.  So records are
 * private to their holder, and the registry is read and written relaxed, without a locked instruction:
 * what orders "cleared by the thread that freed" before "found clear by the thread that got it" is the
 * allocator alone.  The only edge of the harness is the hand-over of a record between threads, which
 * any program has that hands a block over.
 *
 * Threads: each function belongs to the holder of the record.
 */
#ifndef STRESS_ORACLE_H
#define STRESS_ORACLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct block {
    unsigned char *start; /* NULL: an empty record */
    size_t size;
    size_t usable;
    size_t alignment; /* what was asked for, at least 1 */
    uint32_t id;
};

/* Whether there is a registry.  Set before the first block; false where its memory would be measured or refused. */
extern bool stress_has_registry;

/* A block was got.  Checks address, alignment and registry, and fills it. */
void stress_block_got(struct block *block, void *start, size_t size, size_t alignment);

/* The same for a block that must be zero. */
void stress_block_got_zeroed(struct block *block, void *start, size_t size);

/* Fails the run unless the block is as it was left. */
void stress_block_verify(const struct block *block);

/* The block is about to be freed: verifies it and takes it out of the registry.  The record is empty
 * afterwards; returns the address to free. */
void *stress_block_give(struct block *block);

/* Before and after realloc: leaving takes the block out of the registry; resized checks the contents
 * that must have survived and fills the rest.  A realloc that failed ends in stress_block_stayed. */
void stress_block_leave(struct block *block);
void stress_block_resized(struct block *block, void *start, size_t size);
void stress_block_stayed(struct block *block);

/* --- what is live ----------------------------------------------------------------------------- */

/* The oracle's side of the account, by where a block of its usable size and alignment must lie. */
struct stress_tally {
    size_t blocks, block_bytes;
    size_t runs, run_bytes;
    size_t huge, huge_bytes;
};

void stress_tally_add(struct stress_tally *tally, const struct block *block);

/* At rest: the allocator's account adds up to the byte and is what is live, and a walk shows the same.  Nothing is
 * checked where the allocator has no account. */
void stress_tally_check(const struct stress_tally *tally, const char *when);

/* Prints an account on stderr. */
struct ep_stats;
void stress_account_say(const struct ep_stats *account);

#endif
