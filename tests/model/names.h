/* What objects and values are called in counterexamples. */
#ifndef TESTS_MODEL_NAMES_H
#define TESTS_MODEL_NAMES_H

#include <stddef.h>
#include <stdint.h>

enum shape { SHAPE_NUMBER, SHAPE_POOL, SHAPE_ARENA, SHAPE_BLOCK };

/* Gives an object a name that lives as long as the program. */
void name_object(const void *start, size_t bytes, enum shape shape, const char *name);

/* The name of what lies at an address, as "A.word", or NULL. */
const char *name_at(const void *address);

/* A value of what lies at an address; in `text` of 64 bytes. */
const char *name_value(const void *address, uint64_t value, char *text);

#endif
