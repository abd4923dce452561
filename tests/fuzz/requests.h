/* One request out of any bytes: parsed, and answered if it is one.  A sentence that refuses it is one line. */
#ifndef FUZZ_REQUESTS_H
#define FUZZ_REQUESTS_H

#include <stdlib.h>
#include <string.h>

#include "observe/request.h"

static inline int fuzz_swallow(void *unused, const char *bytes, size_t length)
{
    (void)unused;
    return length != 0 && bytes == NULL;
}

/* Whether it was answered; aborts where a refusal is not a line. */
static inline bool fuzz_request(const uint8_t *bytes, size_t size)
{
    char line[EP__REQUEST_BYTES];
    struct request request;
    struct stream stream;
    size_t length = size < sizeof line ? size : sizeof line;
    memcpy(line, bytes, length);
    const char *wrong = ep__request_parse(line, length, &request);
    if (wrong == NULL && request.kind == NULL)
        abort();
    if (wrong == NULL) {
        ep__stream_begin(&stream, fuzz_swallow, NULL);
        wrong = request.kind->answer(&request, &stream);
        if (ep__stream_end(&stream) != 0)
            abort();
        if (request.kind->end != NULL)
            request.kind->end(&request);
    }
    if (wrong != NULL && (*wrong == '\0' || strchr(wrong, '\n') != NULL))
        abort();
    return wrong == NULL;
}

#endif
