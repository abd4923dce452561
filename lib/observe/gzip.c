/* Gzip.  The argument stands in gzip.h. */
#include "observe/gzip.h"

static void put(struct gzip *gzip, const char *bytes, size_t length)
{
    if (gzip->failure == 0)
        gzip->failure = gzip->sink(gzip->to, bytes, length);
}

void ep__gzip_begin(struct gzip *gzip, int (*sink)(void *to, const char *bytes, size_t length),
                    void *to)
{
    enum { HEADER_BYTES = 10 };
    *gzip = (struct gzip){.sink = sink, .to = to, .check = UINT32_MAX};
    /* Deflate; no name, no time, no system. */
    put(gzip, "\x1f\x8b\x08\0\0\0\0\0\0\xff", HEADER_BYTES);
}

/* RFC 1952, 8: the polynomial 0xedb88320, four bits at a time. */
static uint32_t add_check(uint32_t check, const char *bytes, size_t length)
{
    static const uint32_t table[16] = {0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac,
                                       0x76dc4190, 0x6b6b51f4, 0x4db26158, 0x5005713c,
                                       0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c,
                                       0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c};
    for (size_t i = 0; i < length; i++) {
        check ^= (unsigned char)bytes[i];
        check = check >> 4 ^ table[check & 15];
        check = check >> 4 ^ table[check & 15];
    }
    return check;
}

/* The header of a stored block. */
static void put_block_header(struct gzip *gzip, bool is_last, size_t length)
{
    char header[5] = {(char)is_last, (char)length, (char)(length >> 8), (char)~length,
                      (char)(~length >> 8)};
    put(gzip, header, sizeof header);
}

int ep__gzip_sink(void *to, const char *bytes, size_t length)
{
    struct gzip *gzip = to;
    gzip->check = add_check(gzip->check, bytes, length);
    gzip->bytes += (uint32_t)length;
    put_block_header(gzip, false, length);
    put(gzip, bytes, length);
    return gzip->failure;
}

static void put_word(struct gzip *gzip, uint32_t word)
{
    char bytes[4] = {(char)word, (char)(word >> 8), (char)(word >> 16), (char)(word >> 24)};
    put(gzip, bytes, sizeof bytes);
}

int ep__gzip_end(struct gzip *gzip)
{
    put_block_header(gzip, true, 0);
    put_word(gzip, ~gzip->check);
    put_word(gzip, gzip->bytes);
    return gzip->failure;
}
