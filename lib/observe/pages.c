/* Pages.  The argument stands in pages.h. */
#include "observe/pages.h"

#include <epmalloc/epmalloc.h>
#include <string.h>

#include "arena/arena.h"
#include "sys/vm.h"

/* A pool has at most 16 slots, and a page at least 4 KiB. */
enum { PAGES_MAX = 16 * 16 };

/* The pool whose blocks are visited. */
struct paging {
    struct stream *stream;
    size_t page_bytes;
    const char *before;
    const char *start; /* NULL: none yet */
    uint64_t bytes;
    uint64_t class_index;
    bool is_exact;
    uint8_t live[PAGES_MAX];
};

static void put_field(struct stream *stream, const char *before, uint64_t value)
{
    ep__stream_put(stream, before);
    ep__stream_put_dec(stream, value);
}

static void put_pool(struct paging *paging)
{
    static const char digits[] = "0123456789abcdef";
    size_t pages = paging->bytes / paging->page_bytes;
    if (paging->start == NULL)
        return;
    put_field(paging->stream, paging->before, (uintptr_t)paging->start);
    put_field(paging->stream, ",", paging->bytes);
    put_field(paging->stream, ",", paging->class_index);
    put_field(paging->stream, ",", paging->is_exact);
    ep__stream_put(paging->stream, ",\"");
    for (size_t i = 0; i < pages; i += 4) {
        const uint8_t *live = paging->live + i;
        unsigned digit = live[0] | live[1] << 1 | live[2] << 2 | live[3] << 3;
        ep__stream_put_bytes(paging->stream, &digits[digit], 1);
    }
    ep__stream_put(paging->stream, "\"]");
    paging->before = ",\n[";
}

static void begin_pool(struct paging *paging, const struct ep_pool *pool)
{
    put_pool(paging);
    paging->start = pool->start;
    paging->bytes = pool->bytes;
    paging->class_index = pool->class_index;
    paging->is_exact = true;
    memset(paging->live, 0, sizeof paging->live);
}

static int add_block(const struct ep_block *block, void *argument)
{
    struct paging *paging = argument;
    if (block->pool->kind != EP_POOL)
        return paging->stream->failure;
    if (block->pool->start != paging->start || block->start == block->pool->first_block)
        begin_pool(paging, block->pool);
    if (block->state == EP_BLOCK_FREE)
        return 0;
    paging->is_exact &= block->state != EP_BLOCK_UNKNOWN;
    size_t offset = (size_t)((const char *)block->start - paging->start);
    for (size_t page = offset / paging->page_bytes;
         page <= (offset + block->bytes - 1) / paging->page_bytes && page < PAGES_MAX; page++)
        paging->live[page] = 1;
    return paging->stream->failure;
}

void ep__pages_put(struct stream *stream)
{
    struct paging paging = {.stream = stream, .page_bytes = ep__vm_page_bytes(), .before = "["};
    put_field(stream, "{\"pages\":1,\"page_bytes\":", paging.page_bytes);
    ep__stream_put(stream, ",\"pools\":[\n");
    (void)ep_walk_blocks(add_block, &paging);
    put_pool(&paging);
    ep__stream_put(stream, "]}\n");
}
