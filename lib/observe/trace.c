/* Recordings, and what they end with.  Contracts: include/epmalloc/trace.h; the argument: trace.h. */
#include "observe/trace.h"

#include <epmalloc/epmalloc.h>

#include <errno.h>

#include "arena/arena_events.h"
#include "arena/huge.h"
#include "observe/account.h"
#include "observe/view.h"
#include "pool/run.h"
#include "sys/event_file.h"

enum { STATES = 64 };

/* States on their way to a file. */
struct states {
    int descriptor;
    int failure; /* the first */
    uint32_t count;
    struct event events[STATES];
};

static void flush(struct states *states)
{
    struct event_file_head head = {.type = EP__CHUNK_STATES,
                                   .bytes = states->count * sizeof states->events[0],
                                   .dropped = ep__event_dropped()};
    int failure = ep__event_file_put(states->descriptor, head, states->events);
    states->count = 0;
    if (states->failure == 0)
        states->failure = failure;
}

static void put(struct states *states, struct event event)
{
    if (states->count == STATES)
        flush(states);
    states->events[states->count++] = event;
}

static void put_words(struct states *states, struct arena *arena)
{
    uint64_t since = ep__arena_events_since(arena);
    struct event slots =
        ep__arena_events_see(arena, EP__EVENT_SEEN_SLOTS, since, ep__view_free(arena));
    slots.class = ep__view_is_in_use(arena);
    put(states, slots);
    since = ep__arena_events_since(arena);
    /* order: relaxed -- between the two numbers */
    uint64_t bucket = ep__load_relaxed(&arena->bucket);
    put(states, ep__arena_events_see(arena, EP__EVENT_SEEN_BUCKET, since, bucket));
    since = ep__arena_events_since(arena);
    /* order: relaxed -- between the two numbers */
    uint64_t touched = ep__load_relaxed(&arena->dirty_slots);
    put(states, ep__arena_events_see(arena, EP__EVENT_SEEN_TOUCHED, since, touched));
}

static void put_pool(struct states *states, struct arena *arena, unsigned slot)
{
    struct pool *pool = ep__pool_at(arena->window, arena->id * EP__ARENA_SLOTS + slot);
    uint64_t word = ep__pool_word(pool);
    if (word == 0)
        return;
    struct view view;
    ep__view_slot(arena, slot, &view);
    bool is_run = view.kind == EP__VIEW_RUN;
    bool is_pool = view.kind == EP__VIEW_POOL;
    word = ep__pool_word(pool);
    put(states, (struct event){.object = (uintptr_t)ep__arena_slot_start(arena, slot),
                               .before = word,
                               .after = word,
                               .number = ep__word_generation(word),
                               .thread = is_pool ? view.owner : 0,
                               .span = is_pool || is_run ? (uint16_t)view.slots : 0,
                               .kind = is_run ? EP__EVENT_SEEN_RUN : EP__EVENT_SEEN_POOL,
                               .class = is_pool ? (uint8_t)view.class : EP__CLASS_NONE});
}

static void put_window(struct states *states, struct window *window)
{
    uint32_t begun = ep__arena_ids_begun(window);
    for (uint32_t id = 0; id < begun; id++) {
        struct arena *arena = ep__arena_at(window, id);
        if (arena->window == NULL)
            continue;
        for (unsigned slot = 0; slot < EP__ARENA_SLOTS; slot++)
            put_pool(states, arena, slot);
        put_words(states, arena);
    }
}

static int put_huge(void *p, size_t bytes, void *argument)
{
    put(argument,
        (struct event){.object = (uintptr_t)p, .after = bytes, .kind = EP__EVENT_SEEN_HUGE});
    return 0;
}

static int put_classes(int descriptor)
{
    struct event_file_class classes[EP__CLASSES];
    for (unsigned i = 0; i < EP__CLASSES; i++) {
        const struct size_class *size = &ep__size_classes[i];
        classes[i] = (struct event_file_class){size->bytes, size->capacity, size->slots};
    }
    struct event_file_head head = {.type = EP__CHUNK_CLASSES, .bytes = sizeof classes};
    return ep__event_file_put(descriptor, head, classes);
}

static int put_states(int descriptor)
{
    struct states states = {.descriptor = descriptor};
    struct ep_thread thread;
    states.failure = put_classes(descriptor);
    for (unsigned i = 0; i < EP__WINDOWS_MAX && ep__window_at(i) != NULL; i++)
        put_window(&states, ep__window_at(i));
    (void)ep__huge_each(put_huge, &states);
    for (uint32_t id = 0; ep__account_next_thread(&id, &thread); id++)
        put(&states, (struct event){.after = id, .kind = EP__EVENT_SEEN_THREAD});
    flush(&states);
    return states.failure;
}

int ep__trace_end(int descriptor)
{
    int recorded_to = ep__event_file_now();
    if (descriptor < 0)
        descriptor = recorded_to;
    int failure = 0;
    if (descriptor >= 0 && descriptor != recorded_to)
        failure = ep__event_file_begin(descriptor, false);
    if (descriptor >= 0 && failure == 0)
        failure = put_states(descriptor);
    ep__event_stop();
    int drained = descriptor < 0 ? 0 : ep__event_drain(descriptor);
    return failure != 0 ? failure : drained;
}

/* The option trace:FILE.  A destructor, because atexit() allocates. */
__attribute__((destructor)) static void end_at_exit(void)
{
    if (ep__event_file_now() >= 0)
        (void)ep__trace_end(-1);
}

static int answer(int failure)
{
    if (failure == 0)
        return 0;
    errno = failure;
    return -1;
}

int ep_trace_start(int fd)
{
    return answer(ep__event_start(fd));
}

int ep_trace_drain(int fd)
{
    int failure = ep__event_file_begin(fd, false);
    return answer(failure != 0 ? failure : ep__event_drain(fd));
}

int ep_trace_stop(int fd)
{
    return answer(ep__trace_end(fd));
}

uint64_t ep_trace_dropped(void)
{
    return ep__event_dropped();
}
