/* Protocol buffers: fields of a message, written into a buffer.
 *
 * Layer: observe.  Uses: nothing.  Used by: pprof.
 *
 * A message inside another one starts with its length, so it is made in a buffer first.  What does not fit is cut off
 * and noted; the caller's buffers hold the biggest message there is.
 *
 * Source: the encoding is protobuf's (protobuf.dev, "Encoding").  One thread.  Wait-free, async-signal-safe.
 */
#ifndef EPMALLOC_OBSERVE_PROTOBUF_H
#define EPMALLOC_OBSERVE_PROTOBUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { EP__MESSAGE_BYTES = 1536 };

struct message {
    bool is_cut;
    size_t length;
    char bytes[EP__MESSAGE_BYTES];
};

void ep__message_begin(struct message *message);

/* A number without a field: an element of a packed list. */
void ep__message_put_number(struct message *message, uint64_t number);

/* A field with a number; 0, which is what a missing field means, is left out. */
void ep__message_put(struct message *message, unsigned field, uint64_t number);

/* A field with bytes: a string, a packed list, a message. */
void ep__message_put_bytes(struct message *message, unsigned field, const char *bytes,
                           size_t length);

#endif
