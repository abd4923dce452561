/* Protocol buffers.  The argument stands in protobuf.h. */
#include "observe/protobuf.h"

#include <string.h>

enum { WIRE_NUMBER = 0, WIRE_BYTES = 2 };

void ep__message_begin(struct message *message)
{
    message->is_cut = false;
    message->length = 0;
}

static void append(struct message *message, const char *bytes, size_t length)
{
    message->is_cut |= length > sizeof message->bytes - message->length;
    if (message->is_cut)
        return;
    memcpy(message->bytes + message->length, bytes, length);
    message->length += length;
}

void ep__message_put_number(struct message *message, uint64_t number)
{
    char bytes[10];
    size_t length = 0;
    for (; number >= 0x80; number >>= 7)
        bytes[length++] = (char)(number | 0x80);
    bytes[length++] = (char)number;
    append(message, bytes, length);
}

void ep__message_put(struct message *message, unsigned field, uint64_t number)
{
    if (number == 0)
        return;
    ep__message_put_number(message, (uint64_t)field << 3 | WIRE_NUMBER);
    ep__message_put_number(message, number);
}

void ep__message_put_bytes(struct message *message, unsigned field, const char *bytes,
                           size_t length)
{
    ep__message_put_number(message, (uint64_t)field << 3 | WIRE_BYTES);
    ep__message_put_number(message, length);
    append(message, bytes, length);
}
