/* Event files.  The argument stands in event_file.h. */
#include "sys/event_file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "sys/clock.h"

enum { PARTS_MAX = 3 };

/* Programs that close what they do not know, or count on low numbers, begin below this. */
enum { DESCRIPTOR_MIN = 200 };

_Static_assert(sizeof(struct event) == 48 && sizeof(struct event_file_head) == 32,
               "docs/tracing.md says so");

int ep__event_file_identify(int descriptor, struct event_file *file)
{
    struct stat found;
    if (fstat(descriptor, &found) != 0)
        return errno;
    *file = (struct event_file){descriptor, found.st_dev, found.st_ino};
    return 0;
}

bool ep__event_file_is_same(const struct event_file *file)
{
    struct event_file now;
    int saved = errno;
    int failure = ep__event_file_identify(file->descriptor, &now);
    errno = saved;
    return failure == 0 && now.device == file->device && now.inode == file->inode;
}

static int open_high(const char *path)
{
    int low = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (low < 0)
        return low;
    int high = fcntl(low, F_DUPFD_CLOEXEC, DESCRIPTOR_MIN);
    if (high < 0)
        return low;
    (void)close(low);
    return high;
}

int ep__event_file_open(const char *path, struct event_file *file)
{
    int saved = errno;
    int descriptor = open_high(path);
    int failure = descriptor < 0 ? errno : ep__event_file_identify(descriptor, file);
    errno = saved;
    return failure;
}

/* Forgets the first `done` bytes of the parts. */
static void step_over(struct iovec *parts, size_t done)
{
    for (unsigned i = 0; i < PARTS_MAX; i++) {
        size_t part = done < parts[i].iov_len ? done : parts[i].iov_len;
        parts[i].iov_base = (char *)parts[i].iov_base + part;
        parts[i].iov_len -= part;
        done -= part;
    }
}

/* By syscall(), because writev() is a cancellation point. */
static int write_parts(int descriptor, struct iovec *parts)
{
    int saved = errno;
    int failure = 0;
    while (failure == 0 && (parts[0].iov_len | parts[1].iov_len | parts[2].iov_len) != 0) {
        long done = syscall(SYS_writev, descriptor, parts, PARTS_MAX);
        if (done > 0)
            step_over(parts, (size_t)done);
        else if (done == 0)
            failure = EIO;
        else if (errno != EINTR)
            failure = errno;
    }
    errno = saved;
    return failure;
}

int ep__event_file_put(int descriptor, struct event_file_head head, const void *bytes)
{
    head.magic = EP__EVENT_FILE_MAGIC;
    head.process = (uint32_t)getpid();
    struct iovec parts[PARTS_MAX] = {{&head, sizeof head}, {(void *)bytes, head.bytes}, {NULL, 0}};
    return write_parts(descriptor, parts);
}

int ep__event_file_begin(int descriptor, bool is_from_start)
{
    struct event_file_header header = {.version = EP__EVENT_FILE_VERSION,
                                       .event_bytes = sizeof(struct event),
                                       .kinds = EP__EVENT_KINDS,
                                       .is_from_start = is_from_start,
                                       .monotonic_ns = ep__clock_ns(),
                                       .realtime_ns = ep__clock_realtime_ns()};
    struct event_file_head head = {.type = EP__CHUNK_HEADER, .bytes = sizeof header};
    return ep__event_file_put(descriptor, head, &header);
}

/* The claimed ring's events, in the one or two pieces in which they lie. */
static int put_claimed(int descriptor, struct event_ring *ring)
{
    const struct event *first;
    uint32_t in_first;
    uint32_t count = ep__event_ring_look(ring, &first, &in_first);
    if (count == 0)
        return 0;
    struct event_file_head head = {.magic = EP__EVENT_FILE_MAGIC,
                                   .type = EP__CHUNK_EVENTS,
                                   .bytes = count * sizeof *first,
                                   .ring = ring->number,
                                   .process = (uint32_t)getpid()};
    /* order: relaxed -- a number that people are told */
    head.dropped = ep__load_relaxed(&ring->dropped);
    struct iovec parts[PARTS_MAX] = {{&head, sizeof head},
                                     {(void *)first, in_first * sizeof *first},
                                     {ring->events, (count - in_first) * sizeof *first}};
    int failure = write_parts(descriptor, parts);
    if (failure == 0)
        ep__event_ring_take(ring, count);
    return failure;
}

int ep__event_file_put_ring(int descriptor, struct event_ring *ring)
{
    if (!ep__event_ring_claim(ring))
        return EBUSY;
    int failure = put_claimed(descriptor, ring);
    ep__event_ring_leave(ring);
    return failure;
}
