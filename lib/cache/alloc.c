/* The slow paths of allocation: which layer serves a request.  Contracts stand in cache.h. */
#include <errno.h>
#include <string.h>

#include "arena/huge.h"
#include "cache/background.h"
#include "cache/cache.h"
#include "cache/deferred.h"
#include "cache/detached.h"
#include "cache/fork.h"
#include "cache/ids.h"
#include "cache/lookup.h"
#include "cache/refill.h"
#include "cache/thread.h"
#include "cache/tracked.h"
#include "cache/trim.h"
#include "pool/run.h"

/* With at least so many threads, and for so many bytes of a class, a thread has no pool of its own yet. */
enum { CROWD_THREADS = 64, SHARED_BYTES_MAX = 2048 };

/* What was got, and how much of its beginning is not known to be zero. */
struct got {
    void *p;
    size_t unknown_bytes;
};

/* Whether the thread takes its next block from a pool that it shares with others.  A pool of its own costs it a page for
 * each class, which counts when there are many threads with a few blocks each. */
static bool shares(struct cache *cache, unsigned class)
{
    struct bin *bin = &cache->bins[class];
    uint32_t bytes = ep__size_classes[class].bytes;
    if (ep__likely(bin->current != NULL) || bin->usable.first != NULL || bin->held.first != NULL)
        return false;
    if (ep__ids_count() < CROWD_THREADS || bin->shared_bytes + bytes > SHARED_BYTES_MAX)
        return false;
    bin->shared_bytes += bytes;
    return true;
}

static struct block *pop_or_refill(unsigned class, bool *is_fresh)
{
    *is_fresh = false;
    struct cache *cache = ep__thread_cache();
    if (cache == NULL)
        return ep__detached_alloc(class);
    struct block **head = ep__cache_head(cache, class);
    if (*head == NULL)
        ep__deferred_step(cache);
    struct block *block = *head;
    if (block == NULL && ep__likely(!shares(cache, class)))
        return ep__refill(cache, class, is_fresh);
    if (block == NULL)
        return ep__detached_alloc(class);
    *head = block->next;
    return block;
}

static struct got get_block(unsigned class)
{
    bool is_fresh;
    struct got got;
    got.p = pop_or_refill(class, &is_fresh);
    got.unknown_bytes = is_fresh ? sizeof(struct block) : SIZE_MAX;
    return got;
}

/* A run; out of a new arena only after everything that is due has been freed. */
static void *get_run(size_t size, size_t alignment, bool *is_zero)
{
    struct cache *cache = ep__tls.cache;
    void *p = ep__run_alloc(size, alignment, false, is_zero);
    if (p == NULL && cache != NULL && ep__deferred_reclaim(cache))
        p = ep__run_alloc(size, alignment, false, is_zero);
    return p != NULL ? p : ep__run_alloc(size, alignment, true, is_zero);
}

void *ep__cache_big(size_t size, size_t alignment, bool *is_zero)
{
    *is_zero = false;
    ep__fork_look(ep__thread_cache());
    if (size <= EP__RUN_BYTES_MAX && alignment <= EP__ARENA_BYTES)
        return get_run(size, alignment, is_zero);
    return ep__huge_alloc(size, alignment, is_zero);
}

static struct got get_big(size_t size, size_t alignment)
{
    bool is_zero;
    struct got got;
    got.p = ep__cache_big(size, alignment, &is_zero);
    got.unknown_bytes = is_zero ? 0 : SIZE_MAX;
    return got;
}

static struct got get_once(size_t size, size_t alignment)
{
    if (ep__likely(alignment <= 16 && size <= EP__CLASS_BYTES_MAX))
        return get_block(ep__size_class_of(size + (size == 0)));
    unsigned class = ep__size_class_aligned(size, alignment);
    return class < EP__CLASSES ? get_block(class) : get_big(size, alignment);
}

/* Frees what is due and gives cached memory back; says whether it was anything. */
static bool give_up_everything(void)
{
    struct cache *cache = ep__tls.cache;
    bool is_freed = false;
    while (cache != NULL && ep__deferred_reclaim(cache))
        is_freed = true;
    return ep__cache_purge() != 0 || is_freed;
}

/* What the watcher gives; NULL: nothing. */
static EP__COLD struct got ask_watcher(const struct watch *watch, size_t size, size_t alignment)
{
    struct cache *cache = ep__thread_cache();
    bool is_zero = false;
    struct got got;
    ep__fork_look(cache);
    if (cache != NULL)
        ep__deferred_step(cache);
    got.p = watch->allocate(size, alignment, &is_zero);
    got.unknown_bytes = is_zero ? 0 : SIZE_MAX;
    return got;
}

/* Tries again after giving cached memory up; ENOMEM when that does not help either. */
static struct got get(size_t size, size_t alignment)
{
    struct got got = {NULL, 0};
    if (ep__likely(size <= PTRDIFF_MAX)) {
        const struct watch *watch = ep__watch_get();
        if (ep__unlikely(watch != NULL))
            got = ask_watcher(watch, size, alignment);
        if (ep__likely(got.p == NULL))
            got = get_once(size, alignment);
        if (got.p == NULL && give_up_everything())
            got = get_once(size, alignment);
    }
    if (got.p == NULL)
        errno = ENOMEM;
    if (ep__unlikely(ep__background_is_due()))
        ep__background_start();
    return got;
}

EP__NOINLINE void *ep__cache_malloc(size_t size)
{
    return get(size, 1).p;
}

EP__NOINLINE void *ep__cache_malloc_small(size_t size, size_t units)
{
    (void)units;
    return get(size, 1).p;
}

void *ep__cache_calloc(size_t bytes)
{
    struct got got = get(bytes, 1);
    if (got.p != NULL)
        memset(got.p, 0, bytes < got.unknown_bytes ? bytes : got.unknown_bytes);
    return got.p;
}

void *ep__cache_aligned(size_t alignment, size_t size)
{
    return get(size, alignment).p;
}

/* What the program may use of the block that starts at p, as the tables say. */
static size_t usable_of(const void *p, const struct found *found)
{
    switch (found->what) {
    case EP__FOUND_BLOCK:
        return ep__size_classes[found->class].bytes;
    case EP__FOUND_RUN:
        return ep__run_bytes(found->pool);
    case EP__FOUND_NOTHING:
        return ep__huge_bytes(p);
    case EP__FOUND_TRACKED:
    case EP__FOUND_FREE:
    case EP__FOUND_MISALIGNED:
        break;
    }
    return 0;
}

static size_t usable_of_tracked(const struct found *found, const struct tracked *tracked)
{
    if ((tracked->flags & EP__TRACKED_EXACT) != 0)
        return tracked->size;
    if (found->what == EP__FOUND_TRACKED)
        return ep__size_classes[found->class].bytes - tracked->front;
    return usable_of(tracked->address, found);
}

/* Whether a block that the program has starts at p. */
static bool look_up(const void *p, size_t *bytes)
{
    struct found found = ep__lookup(p);
    bool may_be_tracked = found.what == EP__FOUND_TRACKED || ep__tracked_has_big();
    struct tracked_record *record =
        ep__unlikely(may_be_tracked) ? ep__tracked_find(p, &found) : NULL;
    struct tracked copy;
    if (record != NULL && ep__record_read(record, &copy)) {
        *bytes = usable_of_tracked(&found, &copy);
        return copy.state == EP__RECORD_LIVE && copy.address == p;
    }
    *bytes = usable_of(p, &found);
    return *bytes != 0;
}

size_t ep__cache_usable_size(const void *p)
{
    size_t bytes;
    return p != NULL && look_up(p, &bytes) ? bytes : 0;
}

bool ep__cache_owns(const void *p)
{
    size_t bytes;
    return p != NULL && look_up(p, &bytes);
}

static void *resize(void *p, size_t size, const struct found *found)
{
    if (found->what == EP__FOUND_RUN && size > EP__CLASS_BYTES_MAX && size <= EP__RUN_BYTES_MAX)
        return ep__run_resize(found->pool, size) ? p : NULL;
    if (found->what == EP__FOUND_NOTHING && size > EP__RUN_BYTES_MAX)
        return ep__huge_resize(p, size);
    return NULL;
}

/* A record goes before the block can, because the place where it was may be another thread's at once. */
static EP__COLD void *resize_watched(const struct watch *watch, void *p, size_t size,
                                     const struct found *found)
{
    struct tracked copy;
    bool is_tracked = ep__tracked_read(p, found, &copy);
    if (is_tracked && (copy.flags & EP__TRACKED_EXACT) != 0)
        return NULL;
    is_tracked = is_tracked && ep__tracked_detach(p, found, &copy);
    void *same = resize(p, size, found);
    if (same == NULL && is_tracked)
        ep__tracked_restore(&copy);
    if (same != NULL && is_tracked && watch != NULL && watch->freed != NULL)
        watch->freed(&copy);
    if (same != NULL && watch != NULL && watch->resized != NULL)
        watch->resized(same, size);
    return same;
}

void *ep__cache_realloc_inplace(void *p, size_t size)
{
    struct found found = ep__lookup(p);
    const struct watch *watch = ep__watch_get();
    if (ep__unlikely(watch != NULL || ep__tracked_has_big()))
        return resize_watched(watch, p, size, &found);
    return resize(p, size, &found);
}

bool ep__cache_is_exact(const void *p)
{
    struct tracked copy;
    struct found found = ep__lookup(p);
    return ep__tracked_read(p, &found, &copy) && (copy.flags & EP__TRACKED_EXACT) != 0;
}

void ep__cache_refuse_realloc(const void *p)
{
    struct found found = ep__lookup(p);
    if (ep__tracked_find(p, &found) != NULL)
        ep__tracked_report(EP__MISUSE_REALLOC, p, &found);
}

size_t ep__cache_purge(void)
{
    struct cache *cache = ep__thread_cache();
    ep__fork_look(cache);
    return ep__trim_all(cache);
}
