/* Streams.  The argument stands in stream.h. */
#include "sys/stream.h"

#include <string.h>

/* 20 digits and a comma before each three of them but the first. */
enum { NUMBER_BYTES = 32 };

void ep__stream_begin(struct stream *stream,
                      int (*sink)(void *to, const char *bytes, size_t length), void *to)
{
    stream->failure = 0;
    stream->sink = sink;
    stream->to = to;
    ep__text_begin(&stream->text, stream->bytes, sizeof stream->bytes);
}

static void flush(struct stream *stream)
{
    if (stream->failure == 0 && stream->text.length != 0)
        stream->failure = stream->sink(stream->to, stream->bytes, stream->text.length);
    ep__text_begin(&stream->text, stream->bytes, sizeof stream->bytes);
}

void ep__stream_put_bytes(struct stream *stream, const char *bytes, size_t length)
{
    while (length > 0) {
        size_t room = stream->text.size - 1 - stream->text.length;
        size_t part = length < room ? length : room;
        ep__text_put_bytes(&stream->text, bytes, part);
        bytes += part;
        length -= part;
        if (part == room)
            flush(stream);
    }
}

void ep__stream_put(struct stream *stream, const char *string)
{
    ep__stream_put_bytes(stream, string, strlen(string));
}

static void put_spaces(struct stream *stream, size_t length, size_t width)
{
    for (; length < width; length++)
        ep__stream_put_bytes(stream, " ", 1);
}

void ep__stream_put_padded(struct stream *stream, const char *string, size_t width)
{
    ep__stream_put(stream, string);
    put_spaces(stream, strlen(string), width);
}

/* A number's digits in a text of its own. */
static void make_digits(struct text *digits, char *bytes, uint64_t value)
{
    ep__text_begin(digits, bytes, NUMBER_BYTES);
    ep__text_put_dec(digits, value);
}

void ep__stream_put_right(struct stream *stream, uint64_t value, size_t width)
{
    char bytes[NUMBER_BYTES];
    struct text digits;
    make_digits(&digits, bytes, value);
    put_spaces(stream, digits.length, width);
    ep__stream_put_bytes(stream, bytes, digits.length);
}

void ep__stream_put_dec(struct stream *stream, uint64_t value)
{
    ep__stream_put_right(stream, value, 0);
}

void ep__stream_put_hex(struct stream *stream, uint64_t value)
{
    char bytes[NUMBER_BYTES];
    struct text digits;
    ep__text_begin(&digits, bytes, NUMBER_BYTES);
    ep__text_put_hex(&digits, value);
    ep__stream_put_bytes(stream, bytes, digits.length);
}

void ep__stream_put_thousands(struct stream *stream, uint64_t value, size_t width)
{
    char bytes[NUMBER_BYTES];
    struct text digits;
    make_digits(&digits, bytes, value);
    put_spaces(stream, digits.length + (digits.length - 1) / 3, width);
    for (size_t i = 0; i < digits.length; i++) {
        if (i != 0 && (digits.length - i) % 3 == 0)
            ep__stream_put_bytes(stream, ",", 1);
        ep__stream_put_bytes(stream, bytes + i, 1);
    }
}

int ep__stream_end(struct stream *stream)
{
    flush(stream);
    return stream->failure;
}

int ep__stream_to_file(void *to, const char *bytes, size_t length)
{
    return ep__text_write(*(const int *)to, bytes, length);
}
