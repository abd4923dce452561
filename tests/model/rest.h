/* What must hold when nobody is doing anything. */
#ifndef TESTS_MODEL_REST_H
#define TESTS_MODEL_REST_H

#include "pool/pool.h"

/* pool.h, invariants 1 to 4. */
void rest_check_blocks(struct pool *pool);

/* Blocks that the program holds, of all pools. */
uint32_t rest_live_blocks(void);

/* Slots of an arena that are held without a pool. */
uint64_t rest_held_slots(const struct arena *arena);

#endif
