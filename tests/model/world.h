/* The explored program's books: who holds which block and which slots, and what must hold because of it.
 *
 * The books are kept by the threads of a scenario, beside the allocator: a block is the program's from
 * world_got() to world_giving(), and on its way until world_gave().  No block may be got twice, and at rest each
 * block of each pool is with the program, on exactly one list, or not carved yet.
 */
#ifndef TESTS_MODEL_WORLD_H
#define TESTS_MODEL_WORLD_H

#include "arena/arena.h"
#include "pool/pool.h"

/* The block is the running thread's (in a set-up: the program's) now; it writes into it. */
void world_got(struct block *block);

/* The thread is about to free the block, in which it finds what it wrote. */
void world_giving(struct block *block);

/* The call that frees the block has returned; somebody may have got it already. */
void world_gave(struct block *block);

/* A block that was on its way is at another place now, with what was written into it. */
void world_moved(struct block *from, struct block *to);

/* The same for slots that are held without a pool. */
void world_got_slots(struct arena *arena, unsigned first, unsigned count);
void world_giving_slots(struct arena *arena, unsigned first, unsigned count);

/* A name for a pool in counterexamples, and its place among the pools that are checked in every state. */
void world_name_pool(struct pool *pool, const char *name);
void world_name_arena(struct arena *arena, const char *name);

/* scenario.begin: the books are as after the set-up. */
void world_begin(void);

/* scenario.state. */
uint64_t world_state(void);

/* scenario.always: the pools that have names are right. */
void world_always(void);

/* scenario.at_rest: every pool of every arena, every set, every counter. */
void world_at_rest(void);

/* Whether the program holds the block. */
bool world_holds(const void *block);

/* Blocks of a pool that the program holds. */
uint32_t world_live(const struct pool *pool);

/* The first window. */
struct window *world_window(void);

#endif
