/* Gzip: bytes in the form that gunzip takes, without being made smaller.
 *
 * Layer: observe.  Uses: sys/stream.  Used by: pprof.
 *
 * Readers of profiles want a gzip file; they do not want it small.  So each piece becomes a stored block of a
 * deflate stream (RFC 1951, 3.2.4), between the header and the trailer of RFC 1952.
 *
 *     struct gzip gzip;
 *     ep__gzip_begin(&gzip, ep__stream_to_file, &file);
 *     ep__stream_begin(&stream, ep__gzip_sink, &gzip);
 *     ...
 *     failure = ep__stream_end(&stream);
 *     if (failure == 0)
 *         failure = ep__gzip_end(&gzip);
 *
 * No malloc; async-signal-safe where the sink is.  One thread.  Wait-free, but for the sink.
 */
#ifndef EPMALLOC_OBSERVE_GZIP_H
#define EPMALLOC_OBSERVE_GZIP_H

#include "sys/stream.h"

struct gzip {
    int (*sink)(void *to, const char *bytes, size_t length);
    void *to;
    int failure;
    uint32_t check; /* CRC-32 of what has been put in, its bits inverted */
    uint32_t bytes; /* of it, modulo 2^32 */
};

void ep__gzip_begin(struct gzip *gzip, int (*sink)(void *to, const char *bytes, size_t length),
                    void *to);

/* The sink of a stream whose bytes go to the struct gzip at `to`, at most 65535 at a time. */
int ep__gzip_sink(void *to, const char *bytes, size_t length);

/* Returns 0 or the first failure. */
int ep__gzip_end(struct gzip *gzip);

#endif
