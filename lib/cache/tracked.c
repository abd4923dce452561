/* Tracked blocks.  The argument stands in tracked.h. */
#include "cache/tracked.h"

#include "arena/huge.h"
#include "arena/retire.h"
#include "cache/detached.h"
#include "cache/thread.h"
#include "cache/watch.h"
#include "pool/run.h"
#include "sys/clock.h"
#include "sys/report.h"
#include "sys/task.h"
#include "sys/vm.h"

enum { NO_BLOCK = UINT32_MAX };

static _Atomic(uint64_t) serials;
static _Atomic(uint32_t) has_big;

bool ep__tracked_has_big(void)
{
    /* order: relaxed -- who has such a block got it with an order from who tracked it */
    return ep__load_relaxed(&has_big) != 0;
}

/* The number of the block of a pool in which p lies; NO_BLOCK: it lies in none. */
static uint32_t index_of(struct pool *pool, unsigned class, const char *p)
{
    const struct size_class *size = &ep__size_classes[class];
    ptrdiff_t offset = p - pool->base - (ptrdiff_t)ep__pool_start(pool);
    if (offset < 0 || offset >= (ptrdiff_t)((size_t)size->capacity * size->bytes))
        return NO_BLOCK;
    return ep__size_class_divide(class, (uint32_t)offset);
}

static const void *page_of(const void *p)
{
    return (const char *)p - (uintptr_t)p % ep__vm_page_bytes();
}

struct tracked_record *ep__tracked_find(const void *p, const struct found *found)
{
    uint32_t i;
    switch (found->what) {
    case EP__FOUND_TRACKED:
        i = index_of(found->pool, found->class, p);
        return i == NO_BLOCK ? NULL : ep__record_find(found->pool->base, i);
    case EP__FOUND_RUN:
    case EP__FOUND_MISALIGNED:
        return ep__tracked_has_big() ? ep__record_find(found->pool->base, 0) : NULL;
    case EP__FOUND_NOTHING:
        return ep__tracked_has_big() ? ep__record_find(page_of(p), 0) : NULL;
    case EP__FOUND_BLOCK:
    case EP__FOUND_FREE:
        break;
    }
    return NULL;
}

bool ep__tracked_read(const void *p, const struct found *found, struct tracked *copy)
{
    struct tracked_record *record = ep__tracked_find(p, found);
    if (record == NULL || !ep__record_read(record, copy))
        return false;
    return copy->state == EP__RECORD_LIVE && copy->address == p;
}

/* Begins the record of a block, `front` bytes into which the program's part starts. */
static void *begin(struct tracked_record *record, char *block, const struct tracking *tracking)
{
    struct tracked values = {
        .address = block + tracking->front,
        .size = tracking->size,
        /* order: relaxed -- only the number's uniqueness matters */
        .serial = ep__fetch_add_relaxed(&serials, 1) + 1,
        .time_ns = ep__clock_ns(),
        .weight = tracking->weight,
        .thread = ep__task_number(),
        .stack = tracking->stack,
        .front = (uint32_t)tracking->front,
        .flags = tracking->flags,
    };
    ep__record_begin(record, &values);
    return values.address;
}

static void *get_pool_block(unsigned class, const struct tracking *tracking)
{
    struct block *block = ep__detached_alloc(EP__KIND_TRACKED + class);
    if (block == NULL)
        return NULL;
    struct found found = ep__lookup(block);
    struct tracked_record *record =
        ep__record_make(found.pool->base, index_of(found.pool, class, (char *)block));
    if (record != NULL)
        return begin(record, (char *)block, tracking);
    ep__detached_free(found.pool, block);
    return NULL;
}

/* The caller's run or huge block that starts at `block`. */
static void *begin_big(void *block, const struct tracking *tracking)
{
    struct tracked_record *record = ep__record_make(block, 0);
    if (record == NULL)
        return NULL;
    /* order: relaxed -- see ep__tracked_has_big */
    ep__store_relaxed(&has_big, 1);
    return begin(record, block, tracking);
}

static void give_big_back(void *block, const struct found *found)
{
    struct cache *cache = ep__tls.cache;
    if (found->what == EP__FOUND_RUN)
        ep__run_free(found->pool);
    else
        (void)ep__huge_free(block, cache == NULL ? NULL : &cache->epoch);
    ep__retire_purge_excess();
}

static void *get_big(size_t bytes, const struct tracking *tracking, bool *is_zero)
{
    void *block = ep__cache_big(bytes, tracking->alignment, is_zero);
    void *p = block == NULL ? NULL : begin_big(block, tracking);
    if (p == NULL && block != NULL) {
        struct found found = ep__lookup(block);
        give_big_back(block, &found);
    }
    return p;
}

void *ep__tracked_alloc(const struct tracking *tracking, bool *is_zero)
{
    size_t bytes;
    *is_zero = false;
    if (__builtin_add_overflow(tracking->size, tracking->front + tracking->back, &bytes))
        return NULL;
    unsigned class = EP__CLASSES;
    if (tracking->alignment > 16)
        class = ep__size_class_aligned(bytes, tracking->alignment);
    else if (bytes <= EP__CLASS_BYTES_MAX)
        class = ep__size_class_of(bytes + (bytes == 0));
    return class < EP__CLASSES ? get_pool_block(class, tracking)
                               : get_big(bytes, tracking, is_zero);
}

bool ep__tracked_attach(void *p, const struct tracking *tracking)
{
    return begin_big(p, tracking) != NULL;
}

bool ep__tracked_detach(const void *p, const struct found *found, struct tracked *copy)
{
    struct tracked_record *record = ep__tracked_find(p, found);
    return record != NULL && ep__record_end(record, EP__RECORD_NONE, copy);
}

void ep__tracked_restore(const struct tracked *copy)
{
    struct tracked_record *record = ep__record_find(copy->address - copy->front, 0);
    if (record != NULL)
        ep__record_begin(record, copy);
}

/* A misuse is the watcher's to report; without one it is one line. */
static void report(enum ep__misuse misuse, const void *p, const struct tracked *tracked)
{
    static const char *const lines[] = {
        [EP__MISUSE_DOUBLE_FREE] = "double free of",
        [EP__MISUSE_INTERIOR] = "free of a pointer that does not start a block:",
        [EP__MISUSE_WRONG_SIZE] = "sized free with a wrong size of",
        [EP__MISUSE_REALLOC] = "realloc of a pointer that does not start a block in use:",
    };
    const struct watch *watch = ep__watch_get();
    if (watch != NULL && watch->misused != NULL)
        watch->misused(misuse, p, tracked);
    ep__report_corruption(lines[misuse], p);
}

void ep__tracked_report(enum ep__misuse misuse, const void *p, const struct found *found)
{
    struct tracked copy;
    struct tracked_record *record = ep__tracked_find(p, found);
    bool is_known = record != NULL && (ep__record_read(record, &copy) || copy.address != NULL);
    report(misuse, p, is_known ? &copy : NULL);
}

/* Ends the record of a block that the program frees; false: it was not live. */
static bool end(struct tracked_record *record, const struct watch *watch, struct tracked *copy)
{
    (void)ep__record_read(record, copy);
    bool is_kept = watch != NULL && watch->keeps != NULL && watch->keeps(copy);
    enum ep__record_state next = is_kept ? EP__RECORD_KEPT : EP__RECORD_NONE;
    if (!ep__record_end(record, next, copy))
        return false;
    copy->state = next;
    return true;
}

bool ep__tracked_free(void *p, const struct found *found, size_t size)
{
    const struct watch *watch = ep__watch_get();
    struct tracked_record *record = ep__tracked_find(p, found);
    struct tracked copy;
    bool is_pool = found->what == EP__FOUND_TRACKED;
    if (record == NULL && !is_pool)
        return false;
    if (record == NULL)
        report(EP__MISUSE_INTERIOR, p, NULL);
    if (!ep__record_read(record, &copy) && !is_pool)
        return false;
    if (copy.state != EP__RECORD_NONE && copy.address != p)
        report(EP__MISUSE_INTERIOR, p, &copy);
    if (copy.state == EP__RECORD_LIVE && (copy.flags & EP__TRACKED_EXACT) != 0 &&
        size != EP__SIZE_UNKNOWN && size != copy.size)
        report(EP__MISUSE_WRONG_SIZE, p, &copy);
    if (!end(record, watch, &copy))
        report(EP__MISUSE_DOUBLE_FREE, p, &copy);
    if (watch != NULL && watch->freed != NULL)
        watch->freed(&copy);
    if (copy.state == EP__RECORD_NONE)
        (void)ep__tracked_give_back(&copy);
    return true;
}

bool ep__tracked_give_back(const struct tracked *tracked)
{
    void *block = tracked->address - tracked->front;
    struct found found = ep__lookup(block);
    struct tracked_record *record = ep__tracked_find(block, &found);
    if (tracked->state == EP__RECORD_KEPT && (record == NULL || !ep__record_drop(record)))
        return false;
    if (found.what == EP__FOUND_TRACKED)
        ep__detached_free(found.pool, block);
    else
        give_big_back(block, &found);
    return true;
}
