/* The leak report.  The argument stands in leaks.h. */
#include "observe/leaks.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cache/record.h"
#include "observe/draw.h"
#include "observe/mappings.h"
#include "observe/profile.h"
#include "observe/reach.h"
#include "observe/sampling.h"
#include "observe/stack.h"
#include "observe/stack_table.h"
#include "pool/size_class.h"
#include "sys/clock.h"
#include "sys/options.h"
#include "sys/stream.h"

enum { SITES_SHOWN = 20, FRAMES_SHOWN = 16, SPECIAL_CLASSES = 2 };

/* The sums that a site's tally holds here. */
enum {
    LEAKED = EP__ALLOCATED,
    LEAKED_UNITS = EP__ALLOCATED_UNITS,
    LEAKED_BYTES = EP__ALLOCATED_WEIGHT,
    REACHED = EP__FREED,
    OLDEST_SERIAL = EP__PEAK,
    OLDEST_NS = EP__PEAK_BYTES,
    IS_SHOWN = EP__MARK,
};

/* Blocks of one class; runs and huge blocks are two classes more. */
struct class_sums {
    uint64_t block_bytes;
    uint64_t leaked;
    uint64_t leaked_bytes;
    uint64_t uncertain;
    uint64_t reached;
};

/* Only the child writes these. */
static struct tallies sites;
static struct class_sums classes[EP__CLASSES + SPECIAL_CLASSES];

static int add_block(const struct ep_block *block, void *argument)
{
    struct ep_leaks *sums = argument;
    if (block->state == EP_BLOCK_FREE)
        return 0;
    unsigned i = block->pool->kind == EP_POOL  ? block->pool->class_index
                 : block->pool->kind == EP_RUN ? EP__CLASSES
                                               : EP__CLASSES + 1;
    struct class_sums *class = &classes[i];
    class->block_bytes = block->bytes;
    if (ep__reach_is_marked(block->start)) {
        class->reached++;
        sums->reachable_blocks++;
        sums->reachable_bytes += block->bytes;
    } else if (block->state == EP_BLOCK_UNKNOWN) {
        class->uncertain++;
        sums->uncertain_blocks++;
        sums->uncertain_bytes += block->bytes;
    } else {
        class->leaked++;
        class->leaked_bytes += block->bytes;
        sums->leaked_blocks++;
        sums->leaked_bytes += block->bytes;
    }
    return 0;
}

/* Adds a tracked block to its site. */
static int add_record(const struct tracked *tracked, void *argument)
{
    (void)argument;
    uint64_t interval = ep__sampling_interval();
    bool is_sample = tracked->weight != 0 && interval != 0;
    uint64_t bytes = is_sample ? tracked->weight : tracked->size;
    uint64_t units = is_sample ? ep__draw_weight(bytes, interval) : EP__WEIGHT_ONE;
    struct tally *site = ep__tally_of(&sites, (uint64_t)tracked->stack + 1);
    if (site == NULL || tracked->state != EP__RECORD_LIVE)
        return 0;
    if (ep__reach_is_marked(tracked->address - tracked->front)) {
        ep__tally_add(site, REACHED, 1);
        return 0;
    }
    uint64_t oldest = ep__tally_get(site, OLDEST_SERIAL);
    if (oldest == 0 || tracked->serial < oldest) {
        ep__tally_set(site, OLDEST_SERIAL, tracked->serial);
        ep__tally_set(site, OLDEST_NS, tracked->time_ns);
    }
    ep__tally_add(site, LEAKED, 1);
    ep__tally_add(site, LEAKED_UNITS, units);
    ep__tally_add(site, LEAKED_BYTES, ep__draw_weigh(bytes, units));
    return 0;
}

/* Where a frame lies, and what is written about it. */
struct place {
    struct stream *stream;
    uintptr_t address;
};

static int put_place(const struct mapping *mapping, void *argument)
{
    const struct place *place = argument;
    if (place->address < mapping->first || place->address >= mapping->limit)
        return 0;
    ep__stream_put(place->stream, " ");
    ep__stream_put_bytes(place->stream, mapping->path, mapping->path_length);
    ep__stream_put(place->stream, "+");
    ep__stream_put_hex(place->stream, place->address - mapping->first + mapping->offset);
    return 1;
}

static void put_frames(struct stream *stream, uint32_t stack)
{
    unsigned count;
    const uintptr_t *frames = ep__stack_table_frames(stack, &count);
    if (count == 0)
        ep__stream_put(stream, "    (no call stack)\n");
    for (unsigned i = 0; i < count && i < FRAMES_SHOWN; i++) {
        struct place place = {stream, frames[i] - 1};
        ep__stream_put(stream, "    ");
        ep__stream_put_hex(stream, place.address);
        (void)ep__mappings_each(put_place, &place);
        ep__stream_put(stream, "\n");
    }
}

static struct tally *find_biggest(void)
{
    struct tally *biggest = NULL;
    struct tally *site;
    uint32_t i = 0;
    while ((site = ep__tally_next(&sites, &i)) != NULL) {
        uint64_t bytes = ep__tally_get(site, LEAKED_BYTES);
        bool is_shown = bytes == 0 || ep__tally_get(site, IS_SHOWN) != 0;
        if (!is_shown && (biggest == NULL || bytes > ep__tally_get(biggest, LEAKED_BYTES)))
            biggest = site;
    }
    return biggest;
}

static void put_amount(struct stream *stream, uint64_t bytes, uint64_t blocks)
{
    ep__stream_put_thousands(stream, bytes, 0);
    ep__stream_put(stream, " bytes in ");
    ep__stream_put_thousands(stream, blocks, 0);
    ep__stream_put(stream, blocks == 1 ? " block" : " blocks");
}

static void put_site(struct stream *stream, struct tally *site)
{
    uint64_t units = ep__tally_get(site, LEAKED_UNITS);
    uint64_t age_ms = (ep__clock_ns() - ep__tally_get(site, OLDEST_NS)) / 1000000U;
    ep__stream_put(stream, "  ");
    put_amount(stream, ep__tally_get(site, LEAKED_BYTES),
               (units + EP__WEIGHT_ONE / 2) / EP__WEIGHT_ONE);
    ep__stream_put(stream, ", seen ");
    ep__stream_put_dec(stream, ep__tally_get(site, LEAKED));
    ep__stream_put(stream, ", still reachable ");
    ep__stream_put_dec(stream, ep__tally_get(site, REACHED));
    ep__stream_put(stream, "; the oldest is number ");
    ep__stream_put_dec(stream, ep__tally_get(site, OLDEST_SERIAL));
    ep__stream_put(stream, ", of ");
    ep__stream_put_thousands(stream, age_ms, 0);
    ep__stream_put(stream, " ms ago\n");
    put_frames(stream, (uint32_t)(ep__tally_key(site) - 1));
}

static void put_sites(struct stream *stream)
{
    struct tally *site;
    uint64_t interval = ep__sampling_interval();
    ep__stream_put(stream, "leaked, by call site");
    if (interval != 0) {
        ep__stream_put(stream, " (estimated: one sample in ");
        ep__stream_put_thousands(stream, interval, 0);
        ep__stream_put(stream, " bytes)");
    }
    ep__stream_put(stream, ":\n");
    for (unsigned i = 0; i < SITES_SHOWN && (site = find_biggest()) != NULL; i++) {
        ep__tally_set(site, IS_SHOWN, 1);
        put_site(stream, site);
    }
}

static void put_class(struct stream *stream, unsigned i)
{
    const struct class_sums *class = &classes[i];
    if (class->leaked == 0 && class->uncertain == 0)
        return;
    if (i < EP__CLASSES)
        ep__stream_put_right(stream, class->block_bytes, 10);
    else
        ep__stream_put(stream, i == EP__CLASSES ? "       run" : "      huge");
    ep__stream_put_thousands(stream, class->leaked, 14);
    ep__stream_put_thousands(stream, class->leaked_bytes, 18);
    ep__stream_put_thousands(stream, class->uncertain, 14);
    ep__stream_put_thousands(stream, class->reached, 14);
    ep__stream_put(stream, "\n");
}

static int write_report(int file, const struct ep_leaks *sums)
{
    struct stream stream;
    ep__stream_begin(&stream, ep__stream_to_file, &file);
    ep__stream_put(&stream, "epmalloc leak report: ");
    put_amount(&stream, sums->leaked_bytes, sums->leaked_blocks);
    ep__stream_put(&stream, " leaked, ");
    put_amount(&stream, sums->uncertain_bytes, sums->uncertain_blocks);
    ep__stream_put(&stream, " uncertain, ");
    put_amount(&stream, sums->reachable_bytes, sums->reachable_blocks);
    ep__stream_put(&stream, " reachable\n");
    put_sites(&stream);
    ep__stream_put(&stream, "by block size: leaked blocks, bytes, uncertain, reachable\n");
    for (unsigned i = 0; i < EP__CLASSES + SPECIAL_CLASSES; i++)
        put_class(&stream, i);
    return ep__stream_end(&stream);
}

/* What the child does. */
static int look(int file, int pipe_end, const void *stack)
{
    struct ep_leaks sums = {.struct_bytes = sizeof sums};
    int failure = ep__reach_mark(stack);
    if (failure != 0)
        return failure;
    (void)ep_walk_blocks(add_block, &sums);
    (void)ep__record_each(add_record, NULL);
    failure = write_report(file, &sums);
    if (failure == 0 && pipe_end >= 0)
        failure = ep__text_write(pipe_end, (const char *)&sums, sizeof sums);
    return failure;
}

/* Waits for the child; 0 or an errno. */
static int collect(pid_t child, int pipe_end, struct ep_leaks *sums)
{
    int status = 0;
    size_t filled = 0;
    ssize_t got;
    do {
        got = read(pipe_end, (char *)sums + filled, sizeof *sums - filled);
        filled += got > 0 ? (size_t)got : 0;
    } while (filled < sizeof *sums && (got > 0 || (got < 0 && errno == EINTR)));
    while (waitpid(child, &status, __WALL) < 0 && errno == EINTR) {
    }
    return filled == sizeof *sums ? 0 : EIO;
}

EP__NOINLINE int ep__leaks_write(int file, struct ep_leaks *sums)
{
    int saved = errno;
    int ends[2];
    /* Registers that a caller keeps values in go to the stack, above the frame. */
    __builtin_unwind_init();
    if (pipe2(ends, O_CLOEXEC) != 0)
        return errno;
    pid_t child = (pid_t)syscall(SYS_clone, 0, NULL, NULL, NULL, NULL);
    if (child == 0)
        _exit(look(file, ends[1], ep__stack_anchor()));
    int failure = child < 0 ? errno : 0;
    (void)close(ends[1]);
    if (failure == 0)
        failure = collect(child, ends[0], sums);
    (void)close(ends[0]);
    errno = saved;
    return failure;
}

EP__NOINLINE int ep__leaks_begin(int *pipe_end, pid_t *child)
{
    int saved = errno;
    int ends[2];
    __builtin_unwind_init();
    if (pipe2(ends, O_CLOEXEC) != 0)
        return errno;
    *child = (pid_t)syscall(SYS_clone, 0, NULL, NULL, NULL, NULL);
    if (*child == 0)
        _exit(look(ends[1], -1, ep__stack_anchor()));
    int failure = *child < 0 ? errno : 0;
    (void)close(ends[1]);
    *pipe_end = ends[0];
    if (failure != 0 || fcntl(ends[0], F_SETFL, O_NONBLOCK) != 0)
        (void)close(ends[0]);
    errno = saved;
    return failure;
}

void ep__leaks_end(pid_t child)
{
    int saved = errno;
    int status;
    (void)kill(child, SIGKILL);
    while (waitpid(child, &status, __WALL) < 0 && errno == EINTR) {
    }
    errno = saved;
}

void ep__leaks_at_exit(void)
{
    struct ep_leaks sums = {.struct_bytes = sizeof sums};
    int code = (int)ep__option_get(EP__OPTION_LEAK_EXIT_CODE);
    if (ep__leaks_write(STDERR_FILENO, &sums) == 0 && sums.leaked_blocks != 0 && code != 0)
        _exit(code);
}
