/* Calls each of which is a process's first.  Without an argument the program runs itself once for each of them, with
 * the call's name as the argument. */
#ifndef TESTS_API_FIRST_CALL_H
#define TESTS_API_FIRST_CALL_H

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "child.h"

struct first_call {
    const char *name; /* NULL after the last */
    bool (*call)(void);
};

static inline int first_call_run_one(const struct first_call *calls, const char *name,
                                     bool (*works_afterwards)(void))
{
    while (calls->name != NULL && strcmp(calls->name, name) != 0)
        calls++;
    if (calls->name == NULL)
        return 4;
    errno = 0;
    if (!calls->call())
        return 2;
    return works_afterwards() ? 0 : 3;
}

static inline int first_call_run_all(const struct first_call *calls, const char *conf)
{
    static struct child child;
    int failures = 0;
    for (; calls->name != NULL; calls++) {
        child_run(&child, calls->name, conf);
        if (child.status == 0)
            continue;
        failures = 1;
        printf("first call %s: status %#x\n%s", calls->name, (unsigned)child.status, child.output);
    }
    return failures;
}

#endif
