/* Which operations on one pool were seen under way at the same time, over all scenarios: pool.h's table "Who may
 * overlap", counted. */
#ifndef TESTS_MODEL_OVERLAP_H
#define TESTS_MODEL_OVERLAP_H

#include <stdbool.h>

#include "pool/pool.h"

enum operation {
    OPERATION_PUSH,
    OPERATION_TAKE,
    OPERATION_RELEASE,
    OPERATION_CLAIM,
    OPERATION_EMPTY,
    OPERATION_ACQUIRE,
    OPERATION_ADOPT,
    OPERATIONS
};

/* The running thread begins an operation on a pool (NULL: on whichever it finds). */
void overlap_begin(enum operation operation, const struct pool *pool, const char *doing);
void overlap_end(void);

/* Before each execution. */
void overlap_reset(void);

/* Where the counts are kept, so that they outlive the process of a scenario. */
void overlap_share(void);

/* Prints the table of what was seen; false: a pair that may overlap was not seen. */
bool overlap_report(void);

#endif
