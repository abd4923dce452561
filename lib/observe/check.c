/* The checking mode.  The argument stands in check.h. */
#include "observe/check.h"

#include <string.h>

#include "arena/huge.h"
#include "cache/thread.h"
#include "observe/diagnosis.h"
#include "observe/guard.h"
#include "observe/quarantine.h"
#include "observe/stack.h"
#include "observe/stack_table.h"
#include "pool/run.h"
#include "sys/options.h"
#include "sys/task.h"

enum { FRONT_MIN = 16, FRONT_MAX = 4096, BACK_MIN = 8, BACK_MAX = 64, FILL_MAX = 1 << 16 };

static _Atomic(uint64_t) requests; /* that have come to a slow path at level 1 */

static EP__NOINLINE uint32_t keep_stack(void)
{
    uintptr_t frames[EP__STACK_FRAMES_MAX];
    unsigned most = (unsigned)ep__option_get(EP__OPTION_CHECK_FRAMES);
    if (most == 0)
        return 0;
    unsigned count = ep__stack_capture(frames, most, ep__stack_anchor());
    return ep__stack_table_keep(frames, count);
}

/* Where the memory of a block ends. */
static char *end_of(const struct tracked *tracked, const struct found *found)
{
    char *start = tracked->address - tracked->front;
    if ((tracked->flags & EP__TRACKED_GUARDED) != 0)
        return ep__guard_end(tracked);
    if (found->what == EP__FOUND_TRACKED)
        return start + ep__size_classes[found->class].bytes;
    if (found->what == EP__FOUND_NOTHING)
        return start + ep__huge_bytes(start);
    return start + ep__run_bytes(found->pool);
}

static size_t front_bytes(const struct tracked *tracked)
{
    return tracked->front < FRONT_MIN ? tracked->front : FRONT_MIN;
}

static size_t back_bytes(const struct tracked *tracked)
{
    struct found found = ep__lookup(tracked->address - tracked->front);
    size_t bytes = (size_t)(end_of(tracked, &found) - tracked->address) - tracked->size;
    return bytes < BACK_MAX ? bytes : BACK_MAX;
}

static size_t filled_bytes(const struct tracked *tracked)
{
    return tracked->size < FILL_MAX ? tracked->size : FILL_MAX;
}

/* The first byte that is not `value`; `count`: there is none. */
static size_t find_other(const char *bytes, size_t count, uint8_t value)
{
    const unsigned char *byte = (const unsigned char *)bytes;
    size_t i = 0;
    while (i < count && byte[i] == value)
        i++;
    return i;
}

static void dress(const struct tracked *tracked)
{
    char *p = tracked->address;
    size_t front = front_bytes(tracked);
    memset(p - front, EP__BYTE_FORBIDDEN, front);
    memset(p, EP__BYTE_CLEAN, filled_bytes(tracked));
    memset(p + tracked->size, EP__BYTE_FORBIDDEN, back_bytes(tracked));
}

/* Whether the block is still what it was when it was looked at: at exit others may go on. */
static bool is_same(const struct tracked *tracked)
{
    struct tracked now;
    struct found found = ep__lookup(tracked->address - tracked->front);
    struct tracked_record *record = ep__tracked_find(tracked->address, &found);
    return record != NULL && ep__record_read(record, &now) && now.state == tracked->state &&
           now.serial == tracked->serial;
}

/* Looks at bytes that nobody may have written, `offset` from the start of a block. */
static void look_at(const struct tracked *tracked, ptrdiff_t offset, size_t count)
{
    const char *bytes = tracked->address + offset;
    size_t at = find_other(bytes, count, EP__BYTE_FORBIDDEN);
    if (ep__unlikely(at != count) && is_same(tracked))
        ep__diagnosis_of_byte(offset < 0 ? "write before the start of" : "write beyond the end of",
                              tracked, offset + (ptrdiff_t)at, (uint8_t)bytes[at]);
}

static void look_around(const struct tracked *tracked)
{
    size_t front = front_bytes(tracked);
    look_at(tracked, -(ptrdiff_t)front, front);
    look_at(tracked, (ptrdiff_t)tracked->size, back_bytes(tracked));
}

static void *alloc_padded(size_t size, size_t alignment, uint32_t stack)
{
    struct tracking tracking = {.size = size,
                                .alignment = alignment,
                                .front = alignment < FRONT_MIN ? FRONT_MIN : alignment,
                                .back = BACK_MIN,
                                .stack = stack,
                                .flags = EP__TRACKED_EXACT};
    bool is_zero;
    if (tracking.front > FRONT_MAX)
        tracking.front = 0;
    return ep__tracked_alloc(&tracking, &is_zero);
}

static void *dressed(void *p)
{
    struct tracked copy;
    struct found found = ep__lookup(p);
    if (ep__tracked_read(p, &found, &copy))
        dress(&copy);
    return p;
}

static void *allocate_sampled(size_t size, size_t alignment, bool *is_zero)
{
    (void)is_zero;
    /* order: relaxed -- any number will do */
    uint64_t number = ep__fetch_add_relaxed(&requests, 1);
    if (number % ep__option_get(EP__OPTION_CHECK_EVERY) != 0 || ep__stack_is_busy())
        return NULL;
    void *p = ep__guard_alloc(size, alignment, keep_stack());
    return p == NULL ? NULL : dressed(p);
}

static void *allocate_padded(size_t size, size_t alignment, bool *is_zero)
{
    (void)is_zero;
    if (ep__stack_is_busy())
        return NULL;
    void *p = alloc_padded(size, alignment, keep_stack());
    return p == NULL ? NULL : dressed(p);
}

static void *allocate_guarded(size_t size, size_t alignment, bool *is_zero)
{
    (void)is_zero;
    if (ep__stack_is_busy())
        return NULL;
    uint32_t stack = keep_stack();
    void *p = ep__guard_alloc(size, alignment, stack);
    if (p == NULL)
        p = alloc_padded(size, alignment, stack);
    return p == NULL ? NULL : dressed(p);
}

static bool keeps(const struct tracked *tracked)
{
    return (tracked->flags & EP__TRACKED_EXACT) != 0;
}

/* The program frees a block. */
static void freed(const struct tracked *tracked)
{
    struct found found = ep__lookup(tracked->address - tracked->front);
    struct tracked_record *record = ep__tracked_find(tracked->address, &found);
    if (tracked->state != EP__RECORD_KEPT || record == NULL)
        return;
    look_around(tracked);
    ep__record_note_free(record, ep__task_number(), keep_stack());
    if ((tracked->flags & EP__TRACKED_GUARDED) != 0)
        ep__guard_close(tracked);
    else
        memset(tracked->address, EP__BYTE_DEAD, filled_bytes(tracked));
    ep__quarantine_put(tracked, ep__check_let_go);
}

void ep__check_let_go(const struct tracked *tracked)
{
    if ((tracked->flags & EP__TRACKED_GUARDED) != 0) {
        if (ep__guard_open(tracked))
            (void)ep__tracked_give_back(tracked);
        return;
    }
    size_t count = filled_bytes(tracked);
    size_t at = find_other(tracked->address, count, EP__BYTE_DEAD);
    if (ep__unlikely(at != count))
        ep__diagnosis_of_byte("write after the free of", tracked, (ptrdiff_t)at,
                              (uint8_t)tracked->address[at]);
    (void)ep__tracked_give_back(tracked);
}

static void misused(enum ep__misuse misuse, const void *p, const struct tracked *tracked)
{
    static const char *const whats[] = {
        [EP__MISUSE_DOUBLE_FREE] = "double free of",
        [EP__MISUSE_INTERIOR] = "free of a pointer that does not start a block:",
        [EP__MISUSE_WRONG_SIZE] = "sized free with a wrong size of",
        [EP__MISUSE_REALLOC] = "realloc of a pointer that does not start a block in use:",
    };
    ep__diagnosis(whats[misuse], p, tracked);
}

static const struct watch watches[] = {
    {.allocate = allocate_sampled, .freed = freed, .keeps = keeps, .misused = misused},
    {.allocate = allocate_padded, .freed = freed, .keeps = keeps, .misused = misused},
    {.allocate = allocate_guarded, .freed = freed, .keeps = keeps, .misused = misused},
};

const struct watch *ep__check_begin(unsigned level)
{
    if (level != 2)
        ep__guard_handle_faults();
    if (level != 1)
        (void)ep__option_set(EP__OPTION_ABORT, 1);
    return &watches[level - 1];
}

/* Guarded blocks are left out: another thread's free makes them fault. */
static int look_at_live(const struct tracked *tracked, void *unused)
{
    (void)unused;
    if (tracked->state == EP__RECORD_LIVE && tracked->flags == EP__TRACKED_EXACT)
        look_around(tracked);
    return 0;
}

void ep__check_all(void)
{
    struct cache *cache = ep__thread_cache();
    if (cache != NULL)
        ep__epoch_enter(&cache->epoch);
    (void)ep__record_each(look_at_live, NULL);
    if (cache != NULL)
        ep__epoch_exit(&cache->epoch);
    ep__quarantine_flush(ep__check_let_go);
}
