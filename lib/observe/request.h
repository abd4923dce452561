/* Requests: what another process may ask, and who answers.
 *
 * Layer: observe.  Uses: formats, cpython, map, pages, profile_request, sys/stream.  Used by: endpoint.
 *
 * A request is one line, "name" or "name argument": printable ASCII, words between single spaces, at most
 * EP__REQUEST_BYTES with its end.  The answer is "ok\n" and a document, or "error: " and a sentence; the endpoint ends
 * it with a NUL.
 *
 * To add a request: a line of the table in request.c, and a function here or in a file of its own that puts the
 * document into the stream.  The helper thread runs it: it allocates nothing and waits for nobody.  What has no end
 * (a recording) puts its first part in `answer` and the following ones in `more`, which is called some ten times a
 * second once everything before is sent; `end` is called once, whether the other side has gone or has been told all.
 */
#ifndef EPMALLOC_OBSERVE_REQUEST_H
#define EPMALLOC_OBSERVE_REQUEST_H

#include "sys/stream.h"

enum { EP__REQUEST_BYTES = 256 };

struct request;

struct request_kind {
    const char *name;
    const char *argument; /* what may follow, for people; "": nothing */
    const char *help;
    /* Puts the document.  Returns NULL, or the sentence that says what is wrong; nothing of the document counts then. */
    const char *(*answer)(struct request *request, struct stream *stream);
    /* NULL, or: puts what has come since; false: that was all. */
    bool (*more)(struct request *request, struct stream *stream);
    /* NULL, or: the request is over. */
    void (*end)(struct request *request);
};

struct request {
    const struct request_kind *kind; /* NULL: there is no such request */
    const char *argument;            /* what followed the name; "": nothing */
    uint64_t state[4];               /* of answer, more and end; 0 at first */
};

/* Makes a request of a line without its end, in place.  Returns NULL, or the sentence that says what is wrong. */
const char *ep__request_parse(char *line, size_t length, struct request *request);

#endif
