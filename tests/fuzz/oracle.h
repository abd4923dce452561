/* What a block must be (calls.h). */
#ifndef TESTS_FUZZ_ORACLE_H
#define TESTS_FUZZ_ORACLE_H

#include <stdbool.h>
#include <stddef.h>

struct fuzz_block {
    unsigned char *start; /* NULL: no block */
    size_t size;
    size_t alignment;
    unsigned id; /* its bytes are drawn from it */
};

/* Ends the run with a line "FAILED: ...". */
_Noreturn void fuzz_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

#define fuzz_require(condition, ...)                                                               \
    do {                                                                                           \
        if (!(condition))                                                                          \
            fuzz_fail(__VA_ARGS__);                                                                \
    } while (0)

/* What malloc aligns a size to: a power of two to itself, everything to 16. */
size_t fuzz_natural_alignment(size_t size);

/* Checks that two blocks do not overlap, unless they are the same or one is none. */
void fuzz_apart(const struct fuzz_block *block, const struct fuzz_block *other);

/* Checks address and sizes, and writes the block's bytes. */
void fuzz_fill(const struct fuzz_block *block);

/* Checks that the block is as it was filled. */
void fuzz_verify(const struct fuzz_block *block);

/* The same for what realloc has kept of `old`. */
void fuzz_verify_moved(const struct fuzz_block *old, const unsigned char *start, size_t size);

void fuzz_require_zero(const unsigned char *start, size_t size);

/* At rest: the account adds up, and `live` blocks are in use. */
void fuzz_check_account(size_t live);

#endif
