/* The C library's statistics and knobs, in true numbers, and the account at exit.
 *
 * The numbers are ep_stats()'s; mallinfo's fields were made for another allocator, and each is given the
 * one that fits its manual page, so that `arena == uordblks + fordblks` as with glibc.
 *
 * malloc_info() prints into a stream that the program gives it, the one place where lib meets stdio.
 */
#include <epmalloc/epmalloc.h>
#include <errno.h>
#include <malloc.h>

#include "cache/cache.h"
#include "sys/options.h"
#include "sys/report.h"

#define EXPORTED __attribute__((visibility("default")))
#define TEXT_BYTES 4096

static struct ep_stats read_account(void)
{
    struct ep_stats account;
    (void)ep_stats(&account, sizeof account);
    return account;
}

static size_t live_bytes(const struct ep_stats *account)
{
    return account->in_use_bytes + account->run_bytes;
}

EXPORTED struct mallinfo2 mallinfo2(void)
{
    struct ep_stats account = read_account();
    return (struct mallinfo2){
        .arena = account.arena_bytes,
        .ordblks = account.unused_pools,
        .hblks = account.huge_blocks,
        .hblkhd = account.huge_bytes,
        .uordblks = live_bytes(&account),
        .fordblks = account.arena_bytes - live_bytes(&account),
        .keepcost = account.dirty_bytes + account.huge_cached_bytes,
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

static void put_attribute(struct text *text, const char *before, size_t value)
{
    ep__text_put(text, before);
    ep__text_put_dec(text, value);
    ep__text_put(text, "\"");
}

static void put_total(struct text *text, const char *type, size_t count, size_t size)
{
    ep__text_put(text, "<total type=\"");
    ep__text_put(text, type);
    put_attribute(text, "\" count=\"", count);
    put_attribute(text, " size=\"", size);
    ep__text_put(text, "/>\n");
}

static void put_system(struct text *text, const char *before, size_t size)
{
    put_attribute(text, before, size);
    ep__text_put(text, "/>\n");
}

/* Elements of glibc's document, of version 1, with epmalloc's own in front. */
static void put_xml(struct text *text, const struct ep_stats *account)
{
    size_t highwater_bytes = account->arenas == 0 ? 0 : account->arena_bytes / account->arenas;
    highwater_bytes *= account->arenas_highwater;
    ep__text_put(text, "<malloc version=\"1\">\n<epmalloc");
    put_attribute(text, " arenas=\"", account->arenas);
    put_attribute(text, " blocks_in_use=\"", account->blocks_in_use);
    put_attribute(text, " in_use_bytes=\"", account->in_use_bytes);
    put_attribute(text, " runs_in_use=\"", account->runs_in_use);
    put_attribute(text, " run_bytes=\"", account->run_bytes);
    put_attribute(text, " quantization_bytes=\"", account->quantization_bytes);
    put_attribute(text, " dirty_bytes=\"", account->dirty_bytes);
    put_attribute(text, " metadata_bytes=\"", account->metadata_bytes);
    ep__text_put(text, "/>\n");
    put_total(text, "fast", 0, account->available_bytes);
    put_total(text, "rest", account->unused_pools, account->unused_pool_bytes);
    put_total(text, "mmap", account->huge_blocks, account->huge_bytes);
    put_system(text, "<system type=\"current\" size=\"", account->arena_bytes);
    put_system(text, "<system type=\"max\" size=\"", highwater_bytes);
    put_system(text, "<aspace type=\"total\" size=\"", account->arena_bytes);
    put_system(text, "<aspace type=\"mprotect\" size=\"", account->arena_bytes);
    ep__text_put(text, "</malloc>\n");
}

EXPORTED int malloc_info(int options, FILE *stream)
{
    char bytes[TEXT_BYTES];
    struct text text;
    if (options != 0)
        return EINVAL;
    struct ep_stats account = read_account();
    ep__text_begin(&text, bytes, sizeof bytes);
    put_xml(&text, &account);
    return fputs(bytes, stream) == EOF ? -1 : 0;
}

static void put_line(struct text *text, const char *title, size_t value)
{
    ep__text_put(text, "epmalloc: ");
    ep__text_put(text, title);
    ep__text_put_dec(text, value);
    ep__text_put(text, "\n");
}

static void put_arenas(struct text *text, const struct ep_stats *account)
{
    put_line(text, "arenas allocated total            = ", account->arenas_created);
    put_line(text, "arenas reclaimed                  = ", account->arenas_retired);
    put_line(text, "arenas highwater mark             = ", account->arenas_highwater);
    put_line(text, "arenas allocated current          = ", account->arenas);
    put_line(text, "blocks in use                     = ", account->blocks_in_use);
    put_line(text, "bytes in allocated blocks         = ", account->in_use_bytes);
    put_line(text, "  of these uncertain              = ", account->uncertain_bytes);
    put_line(text, "bytes in available blocks         = ", account->available_bytes);
    put_line(text, "runs in use                       = ", account->runs_in_use);
    put_line(text, "bytes in runs                     = ", account->run_bytes);
    put_line(text, "unused pools                      = ", account->unused_pools);
    put_line(text, "bytes in unused pools             = ", account->unused_pool_bytes);
    put_line(text, "bytes lost to quantization        = ", account->quantization_bytes);
    put_line(text, "bytes unaccounted                 = ", account->unaccounted_bytes);
    put_line(text, "Total                             = ", account->total_bytes);
    put_line(text, "bytes in arenas                   = ", account->arena_bytes);
}

static void put_rest(struct text *text, const struct ep_stats *account)
{
    put_line(text, "huge blocks                       = ", account->huge_blocks);
    put_line(text, "bytes in huge blocks              = ", account->huge_bytes);
    put_line(text, "bytes in cached huge mappings     = ", account->huge_cached_bytes);
    put_line(text, "retired arenas                    = ", account->retired_arenas);
    put_line(text, "bytes free but maybe resident     = ", account->dirty_bytes);
    put_line(text, "bytes of metadata                 = ", account->metadata_bytes);
}

EXPORTED void malloc_stats(void)
{
    char bytes[TEXT_BYTES];
    struct text text;
    struct ep_stats account = read_account();
    ep__text_begin(&text, bytes, sizeof bytes);
    put_arenas(&text, &account);
    put_rest(&text, &account);
    ep__text_emit(&text);
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
