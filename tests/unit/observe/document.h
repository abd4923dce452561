/* What a function puts into a stream, as a string. */
#ifndef TESTS_UNIT_OBSERVE_DOCUMENT_H
#define TESTS_UNIT_OBSERVE_DOCUMENT_H

#include <string.h>

#include "sys/stream.h"

static char document[4 << 20];
static size_t document_length;

static inline int keep_document(void *unused, const char *bytes, size_t length)
{
    (void)unused;
    if (document_length + length >= sizeof document)
        return 1;
    memcpy(document + document_length, bytes, length);
    document_length += length;
    document[document_length] = '\0';
    return 0;
}

/* Begins a document anew. */
static inline void document_begin(struct stream *stream)
{
    document_length = 0;
    document[0] = '\0';
    ep__stream_begin(stream, keep_document, NULL);
}

static inline unsigned count_in_document(const char *words)
{
    unsigned count = 0;
    for (const char *at = document; (at = strstr(at, words)) != NULL; at += strlen(words))
        count++;
    return count;
}

#endif
