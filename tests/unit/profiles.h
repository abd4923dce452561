/* Profiles in a file, for tests of what is written. */
#ifndef TESTS_UNIT_PROFILES_H
#define TESTS_UNIT_PROFILES_H

#include <sys/mman.h>

#include "observe/draw.h"
#include "observe/profile.h"
#include "observe/stack_table.h"

enum { WRITTEN_MAX = 1 << 18 };
static char written[WRITTEN_MAX];

/* A sample of 100 bytes at a stack of two frames, of which the second lies in this program. */
static inline struct sample add_one_sample(uint64_t interval)
{
    uintptr_t frames[2] = {0x1234, (uintptr_t)add_one_sample + 1};
    struct sample sample = {ep__stack_table_keep(frames, 2), 1, 100, interval};
    ep__profile_add(&sample);
    return sample;
}

/* A file in memory. */
static inline int make_file(void)
{
    int file = memfd_create("profile", 0);
    assert_true(file >= 0);
    return file;
}

/* What has been written to it, in `written`; returns its length. */
static inline size_t read_file(int file)
{
    ssize_t got = pread(file, written, sizeof written - 1, 0);
    assert_true(got >= 0 && got < WRITTEN_MAX - 1);
    written[got] = 0;
    return (size_t)got;
}

#endif
