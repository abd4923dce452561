/* What a piece of a test writes to stderr. */
#ifndef TESTS_CAPTURE_H
#define TESTS_CAPTURE_H

#include <stddef.h>
#include <unistd.h>

/* stderr goes into a pipe between begin and end; a pipe holds 64 KiB. */
struct capture {
    int read_end;
    int stderr_before;
};

static inline int capture_begin(struct capture *capture)
{
    int ends[2];
    capture->read_end = -1;
    capture->stderr_before = -1;
    if (pipe(ends) != 0)
        return -1;
    capture->read_end = ends[0];
    capture->stderr_before = dup(STDERR_FILENO);
    dup2(ends[1], STDERR_FILENO);
    close(ends[1]);
    return 0;
}

/* Puts stderr back; what was written, at most size - 1 bytes of it, ended by a NUL; its length. */
static inline size_t capture_end(struct capture *capture, char *output, size_t size)
{
    size_t length = 0;
    ssize_t got = 1;
    dup2(capture->stderr_before, STDERR_FILENO);
    close(capture->stderr_before);
    while (got > 0) {
        got = read(capture->read_end, output + length, size - 1 - length);
        length += got > 0 ? (size_t)got : 0;
    }
    close(capture->read_end);
    output[length] = '\0';
    return length;
}

#endif
