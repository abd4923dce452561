/* Events.  The argument stands in event.h. */
#include "sys/event.h"

#include <errno.h>
#include <string.h>

#include "sys/clock.h"
#include "sys/event_file.h"
#include "sys/options.h"
#include "sys/probes.h"
#include "sys/task.h"
#include "sys/vm.h"

/* What the calling thread tells into. */
struct teller {
    struct event_ring *ring; /* NULL: none yet */
    uint32_t recording;      /* the last that it told for */
    bool keeps;              /* between its birth and its end */
};

static _Thread_local struct teller teller;

/* Counted where there was no ring. */
static _Atomic(uint64_t) dropped_without_ring;

/* The recording's file; NULL: none.  Never changed once it is seen, and never unmapped: a thread may be writing. */
static _Atomic(struct event_file *) recorded_to;
/* 1: from the start of a recording to its end. */
static _Atomic(uint32_t) is_recording;
/* Counts recordings. */
static _Atomic(uint32_t) recordings;

/* The ring, with the thread's number: of a thread that was forked since the last recording it is another one. */
static struct event_ring *get_ring(void)
{
    /* order: relaxed -- only a number that differs matters */
    uint32_t recording = ep__load_relaxed(&recordings);
    struct event_ring *ring = teller.ring;
    if (ring != NULL && teller.recording == recording)
        return ring;
    if (ring == NULL)
        ring = ep__event_ring_adopt();
    if (ring == NULL)
        return NULL;
    ring->thread = ep__task_number();
    if (teller.keeps)
        teller = (struct teller){ring, recording, true};
    return ring;
}

/* The file that is recorded to, where it still is the one that the recording began with; NULL: there is none. */
static const struct event_file *get_file(void)
{
    /* order: acquire EVS -- pairs with begin_file; carries which file it is */
    const struct event_file *file = ep__load_acquire(&recorded_to);
    return file != NULL && ep__event_file_is_same(file) ? file : NULL;
}

/* Makes room in a full ring, where there is a file. */
static bool write_out(struct event_ring *ring)
{
    const struct event_file *file = get_file();
    return file != NULL && ep__event_file_put_ring(file->descriptor, ring) == 0;
}

EP__COLD static void record(struct event *event)
{
    struct event_ring *ring = get_ring();
    if (ring == NULL) {
        /* order: relaxed -- a number that people are told */
        ep__fetch_add_relaxed(&dropped_without_ring, 1);
        return;
    }
    event->thread = ring->thread;
    event->time_ns = ep__clock_ns();
    if (!ep__event_ring_put(ring, event) && !(write_out(ring) && ep__event_ring_put(ring, event)))
        ep__event_ring_drop(ring);
    if (ring != teller.ring)
        ep__event_ring_give_back(ring);
}

EP__COLD void ep__event_tell(struct event *event)
{
    int saved = errno;
    ep__probe_fire(event);
    if (ep__event_is_recorded(event->kind))
        record(event);
    errno = saved;
}

void ep__event_thread_begin(void)
{
    teller.keeps = true;
}

void ep__event_thread_end(void)
{
    teller.keeps = false;
    if (teller.ring != NULL)
        ep__event_ring_give_back(teller.ring);
    teller.ring = NULL;
}

static void set_points(bool is_on)
{
    for (unsigned i = EP__EVENT_NONE + 1; i < EP__EVENT_KINDS; i++) {
        if (is_on) {
            /* order: relaxed -- seen a little later by others; the lower half is the kernel's */
            ep__fetch_or_relaxed(&ep__event_points[i], EP__EVENT_RECORDED);
        } else {
            /* order: relaxed -- see above */
            ep__fetch_and_relaxed(&ep__event_points[i], ~EP__EVENT_RECORDED);
        }
    }
}

/* What an earlier recording has left in a ring is nobody's. */
static void clear_ring(struct event_ring *ring)
{
    const struct event *first;
    uint32_t in_first;
    if (!ep__event_ring_claim(ring))
        return;
    ep__event_ring_take(ring, ep__event_ring_look(ring, &first, &in_first));
    /* order: relaxed -- a number that people are told */
    ep__store_relaxed(&ring->dropped, 0);
    ep__event_ring_leave(ring);
}

/* Writes the header, and lets threads write their rings behind it. */
static int begin_file(const struct event_file *wanted, bool is_from_start)
{
    struct event_file *file = ep__vm_map(ep__vm_page_bytes());
    if (file == NULL)
        return ENOMEM;
    *file = *wanted;
    int failure = ep__event_file_begin(file->descriptor, is_from_start);
    if (failure != 0) {
        (void)ep__vm_unmap(file, ep__vm_page_bytes());
        return failure;
    }
    /* order: release EVS -- pairs with get_file; carries which file it is */
    ep__store_release(&recorded_to, file);
    return 0;
}

static int start(const struct event_file *file, bool is_from_start)
{
    uint32_t idle = 0;
    /* order: relaxed -- the swap alone decides who starts */
    if (!ep__cas_strong_relaxed(&is_recording, &idle, 1))
        return EBUSY;
    for (struct event_ring *ring = ep__event_rings(); ring != NULL; ring = ring->next)
        clear_ring(ring);
    /* order: relaxed -- a number that people are told */
    ep__store_relaxed(&dropped_without_ring, 0);
    /* order: relaxed -- see get_ring */
    ep__fetch_add_relaxed(&recordings, 1);
    int failure = file == NULL ? 0 : begin_file(file, is_from_start);
    if (failure != 0) {
        /* order: relaxed -- nothing has been started */
        ep__store_relaxed(&is_recording, 0);
        return failure;
    }
    set_points(true);
    return 0;
}

int ep__event_start(int descriptor)
{
    struct event_file file;
    if (descriptor < 0)
        return start(NULL, false);
    int saved = errno;
    int failure = ep__event_file_identify(descriptor, &file);
    errno = saved;
    return failure != 0 ? failure : start(&file, false);
}

int ep__event_start_file(const char *path, bool is_from_start)
{
    struct event_file file;
    int failure = ep__event_file_open(path, &file);
    return failure != 0 ? failure : start(&file, is_from_start);
}

EP__COLD static void report_file(const char *path, int failure)
{
    struct report report;
    ep__report_begin(&report);
    ep__report_text(&report, "trace: the file ");
    ep__report_quoted(&report, path, strlen(path));
    ep__report_text(&report, " cannot be written (errno ");
    ep__report_dec(&report, (uint64_t)failure);
    ep__report_text(&report, "); nothing is recorded");
    ep__report_emit(&report);
}

void ep__event_load(void)
{
    static _Atomic(uint32_t) is_loaded;
    const char *path = ep__option_text(EP__TEXT_TRACE);
    /* order: relaxed -- the exchange's atomicity alone decides who starts */
    if (path == NULL || ep__exchange_relaxed(&is_loaded, 1) != 0)
        return;
    int failure = ep__event_start_file(path, true);
    if (failure != 0)
        report_file(path, failure);
}

void ep__event_stop(void)
{
    set_points(false);
    /* order: relaxed -- nothing is carried; who is just looking writes one more ring into the file */
    ep__store_relaxed(&recorded_to, NULL);
    /* order: relaxed -- the next start only needs to find it so */
    ep__store_relaxed(&is_recording, 0);
}

int ep__event_file_now(void)
{
    const struct event_file *file = get_file();
    return file == NULL ? -1 : file->descriptor;
}

int ep__event_drain(int descriptor)
{
    int failure = 0;
    for (struct event_ring *ring = ep__event_rings(); ring != NULL; ring = ring->next) {
        int now = ep__event_file_put_ring(descriptor, ring);
        if (failure == 0)
            failure = now;
    }
    return failure;
}

void ep__event_forget(void)
{
    set_points(false);
    /* order: relaxed -- what another thread of the child still sees, readers of the file pass over */
    ep__store_relaxed(&recorded_to, NULL);
    /* order: relaxed -- see above */
    ep__store_relaxed(&is_recording, 0);
    for (struct event_ring *ring = ep__event_rings(); ring != NULL; ring = ring->next)
        clear_ring(ring);
}

uint64_t ep__event_dropped(void)
{
    /* order: relaxed -- a number that people are told */
    uint64_t dropped = ep__load_relaxed(&dropped_without_ring);
    for (struct event_ring *ring = ep__event_rings(); ring != NULL; ring = ring->next) {
        /* order: relaxed -- see above */
        dropped += ep__load_relaxed(&ring->dropped);
    }
    return dropped;
}
