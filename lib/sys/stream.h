/* Streams: text of any length, written out piece by piece.
 *
 * Layer: sys.  Uses: report.  Used by: observe (every format of the statistics), api (malloc_info).
 *
 * Nouns: a *stream* is a text of fixed size and a *sink*, a function that takes the text whenever it is full.
 * The first failure of the sink ends the stream: what is put into it afterwards goes nowhere.
 *
 *     struct stream stream;
 *     ep__stream_begin(&stream, ep__stream_to_file, &file);      int file: a file descriptor
 *     ep__stream_put(&stream, "arenas ");
 *     ep__stream_put_dec(&stream, 3);
 *     int failure = ep__stream_end(&stream);
 *
 * No stdio, no malloc, no locale; keeps errno; works in a signal handler when its sink does.
 * Who may overlap: everybody; a stream belongs to one thread.
 * Invariant: after begin, text.length < text.size.
 * Progress: wait-free, but for the sink.
 */
#ifndef EPMALLOC_SYS_STREAM_H
#define EPMALLOC_SYS_STREAM_H

#include "sys/report.h"

enum { EP__STREAM_BYTES = 1024 };

struct stream {
    struct text text;
    int failure;                                             /* 0, or what the sink said */
    int (*sink)(void *to, const char *bytes, size_t length); /* returns 0 or an errno */
    void *to;
    char bytes[EP__STREAM_BYTES];
};

void ep__stream_begin(struct stream *stream,
                      int (*sink)(void *to, const char *bytes, size_t length), void *to);

/* Appends a string, the first `length` bytes of one, a number in decimal or as 0x..., the same number with a comma after each
 * thousand, a string followed by spaces up to `width`, or a number after as many. */
void ep__stream_put(struct stream *stream, const char *string);
void ep__stream_put_bytes(struct stream *stream, const char *bytes, size_t length);
void ep__stream_put_dec(struct stream *stream, uint64_t value);
void ep__stream_put_hex(struct stream *stream, uint64_t value);
void ep__stream_put_thousands(struct stream *stream, uint64_t value, size_t width);
void ep__stream_put_padded(struct stream *stream, const char *string, size_t width);
void ep__stream_put_right(struct stream *stream, uint64_t value, size_t width);

/* Hands over what is left.  Returns 0 or the first failure. */
int ep__stream_end(struct stream *stream);

/* The sink that writes to the file descriptor at `to`. */
int ep__stream_to_file(void *to, const char *bytes, size_t length);

#endif
