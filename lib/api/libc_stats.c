/* The C library's statistics and knobs, in true numbers, and the statistics at exit.
 *
 * The numbers are the account's; mallinfo's fields were made for another allocator, and each is given the
 * one that fits its manual page, so that `arena == uordblks + fordblks` as with glibc.
 *
 * malloc_info() prints into a stream that the program gives it, the one place where lib meets stdio.
 */
#include <epmalloc/epmalloc.h>
#include <errno.h>
#include <malloc.h>
#include <unistd.h>

#include "cache/cache.h"
#include "observe/formats.h"
#include "sys/options.h"

#define EXPORTED __attribute__((visibility("default")))

EXPORTED struct mallinfo2 mallinfo2(void)
{
    struct account account;
    ep__account_take(&account);
    const struct ep_stats *totals = &account.totals;
    size_t live = totals->in_use_bytes + totals->run_bytes;
    return (struct mallinfo2){
        .arena = totals->arena_bytes,
        .ordblks = totals->unused_pools,
        .hblks = totals->huge_blocks,
        .hblkhd = totals->huge_bytes,
        .uordblks = live,
        .fordblks = totals->arena_bytes - live,
        .keepcost = totals->retained_bytes,
    };
}

/* The same in ints, which wrap; that is why there is mallinfo2(). */
EXPORTED struct mallinfo mallinfo(void)
{
    struct mallinfo2 wide = mallinfo2();
    return (struct mallinfo){
        .arena = (int)wide.arena,
        .ordblks = (int)wide.ordblks,
        .hblks = (int)wide.hblks,
        .hblkhd = (int)wide.hblkhd,
        .uordblks = (int)wide.uordblks,
        .fordblks = (int)wide.fordblks,
        .keepcost = (int)wide.keepcost,
    };
}

static void put_attribute(struct stream *stream, const char *before, uint64_t value)
{
    ep__stream_put(stream, before);
    ep__stream_put_dec(stream, value);
    ep__stream_put(stream, "\"");
}

static void put_total(struct stream *stream, const char *type, uint64_t count, uint64_t size)
{
    ep__stream_put(stream, "<total type=\"");
    ep__stream_put(stream, type);
    put_attribute(stream, "\" count=\"", count);
    put_attribute(stream, " size=\"", size);
    ep__stream_put(stream, "/>\n");
}

static void put_system(struct stream *stream, const char *before, uint64_t size)
{
    put_attribute(stream, before, size);
    ep__stream_put(stream, "/>\n");
}

/* Elements of glibc's document, of version 1, with epmalloc's own in front. */
static void put_xml(struct stream *stream, const struct account *account)
{
    const struct ep_stats *totals = &account->totals;
    ep__stream_put(stream, "<malloc version=\"1\">\n");
    (void)ep__format_put(stream, account, EP_STATS_XML, EP_STATS_ALL);
    put_total(stream, "fast", 0, totals->available_bytes);
    put_total(stream, "rest", totals->unused_pools, totals->unused_pool_bytes);
    put_total(stream, "mmap", totals->huge_blocks, totals->huge_bytes);
    put_system(stream, "<system type=\"current\" size=\"", totals->arena_bytes);
    put_system(stream, "<system type=\"max\" size=\"", totals->arenas_highwater * EP__ARENA_BYTES);
    put_system(stream, "<aspace type=\"total\" size=\"", totals->arena_bytes);
    put_system(stream, "<aspace type=\"mprotect\" size=\"", totals->arena_bytes);
    ep__stream_put(stream, "</malloc>\n");
}

/* The sink that prints into the program's stream. */
static int print(void *to, const char *bytes, size_t length)
{
    return fwrite(bytes, 1, length, to) == length ? 0 : EIO;
}

EXPORTED int malloc_info(int options, FILE *file)
{
    struct account account;
    struct stream stream;
    if (options != 0)
        return EINVAL;
    ep__account_take(&account);
    ep__stream_begin(&stream, print, file);
    put_xml(&stream, &account);
    return ep__stream_end(&stream) == 0 ? 0 : -1;
}

EXPORTED void malloc_stats(void)
{
    int saved = errno;
    (void)ep_stats_write(STDERR_FILENO, EP_STATS_TEXT, EP_STATS_PROCESS | EP_STATS_CLASSES);
    errno = saved;
}

/* The option stats:1.  A destructor, because atexit() allocates. */
__attribute__((destructor)) static void print_stats_at_exit(void)
{
    if (ep__option_get(EP__OPTION_STATS) != 0)
        malloc_stats();
}

/* glibc's threshold is exact, so the share of the memory in use no longer counts.  A negative one means:
 * give nothing back. */
static int set_trim_threshold(int value)
{
    uint64_t bytes = value < 0 ? (uint64_t)PTRDIFF_MAX : (uint64_t)value;
    return ep__option_set(EP__OPTION_RETAIN, bytes) && ep__option_set(EP__OPTION_RETAIN_PERCENT, 0);
}

/* 1: done, or nothing there to tune; 0: the program would not get what it asks for. */
EXPORTED int mallopt(int parameter, int value)
{
    ep__options_load();
    switch (parameter) {
    case M_TRIM_THRESHOLD:
        return set_trim_threshold(value);
    case M_PERTURB: /* filling blocks with a pattern */
        return value == 0;
    case M_MXFAST:
    case M_TOP_PAD:
    case M_MMAP_THRESHOLD:
    case M_MMAP_MAX:
    case M_CHECK_ACTION:
    case M_ARENA_TEST:
    case M_ARENA_MAX:
        return 1;
    default:
        return 0;
    }
}

/* `pad` is what glibc keeps at the top of its heap; there is no top here. */
EXPORTED int malloc_trim(size_t pad)
{
    (void)pad;
    return ep__cache_purge() > 0;
}
