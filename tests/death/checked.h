/* What programs of misuse do in functions of their own, so that the stacks that are told can be told apart. */
#ifndef TESTS_DEATH_CHECKED_H
#define TESTS_DEATH_CHECKED_H

#include <stdlib.h>
#include <string.h>

/* Keeps a call from being the last thing that a function does, and so its frame on the stack; and, by its number, the
 * function from being taken for another one that does the same. */
#define STAY(number) __asm__ volatile("" : : "i"(number) : "memory")
#define APART __attribute__((noinline, noclone, unused))

APART static char *allocate_it(size_t size)
{
    char *p = malloc(size);
    STAY(1);
    return p;
}

APART static void free_it(void *p)
{
    free(p);
    STAY(2);
}

APART static void free_again(void *p)
{
    free(p);
    STAY(3);
}

APART static void write_it(char *volatile p, long offset)
{
    p[offset] = 0x41;
    STAY(4);
}

#endif
