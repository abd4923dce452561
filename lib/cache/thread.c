/* Threads.  The argument stands in thread.h. */
#include "cache/thread.h"

#include <errno.h>
#include <pthread.h>

#include "arena/retire.h"
#include "cache/batch.h"
#include "cache/deferred.h"
#include "cache/fork.h"
#include "cache/ids.h"
#include "cache/quota.h"
#include "cache/reuse.h"
#include "cache/trim.h"
#include "sys/event.h"
#include "sys/options.h"
#include "sys/vm.h"

_Thread_local struct tls ep__tls
    __attribute__((tls_model(EP__TLS_MODEL), visibility("hidden"))) = {.tag = EP__OWNER_DETACHED};

/* The key plus 1; 0: not made. */
static _Atomic(uint64_t) exit_key;

static void thread_exit(void *value);

/* Makes the key; who comes second deletes his.  0 where none is left. */
static uint64_t make_key(void)
{
    pthread_key_t key;
    if (pthread_key_create(&key, thread_exit) != 0)
        return 0;
    uint64_t none = 0;
    /* order: acq_rel KEY -- pairs with get_key; carries the C library's entry of the key.  ABA: written once */
    if (ep__cas_strong_acq_rel(&exit_key, &none, (uint64_t)key + 1))
        return (uint64_t)key + 1;
    (void)pthread_key_delete(key);
    return none;
}

static uint64_t get_key(void)
{
    /* order: acquire KEY -- pairs with make_key */
    uint64_t key = ep__load_acquire(&exit_key);
    return key != 0 ? key : make_key();
}

/* Early, so that the key's number is low. */
__attribute__((constructor(101))) static void make_key_at_load(void)
{
    (void)get_key();
}

/* What the fast path of free needs to find the first window's tables. */
static void point_at_window(struct tls *tls)
{
    struct window *window = ep__window_at(0);
    if (window == NULL)
        window = ep__window_add(0);
    if (window == NULL)
        return;
    tls->base = (uintptr_t)window->base;
    tls->owners = window->owners;
    tls->pools = window->pools;
    tls->slot_limit = window->slot_count;
}

/* An id and its control block; NULL: one of them has run out. */
static struct cache *take_block(void)
{
    uint32_t id;
    if (!ep__ids_take(&id))
        return NULL;
    struct cache *cache = ep__ids_block(id);
    if (cache == NULL) {
        ep__ids_give_back(id);
        return NULL;
    }
    cache->tag = id;
    cache->colour = id;
    cache->is_calling = false;
    return cache;
}

/* Tells what happens to the calling thread while it has its id. */
static void tell(enum ep__event_kind kind, const struct cache *cache)
{
    if (ep__event_is_wanted(kind))
        ep__event_tell(&(struct event){.kind = (uint8_t)kind, .after = cache->tag});
}

EP__COLD struct cache *ep__thread_born(void)
{
    int saved = errno;
    ep__options_load();
    ep__event_load();
    uint64_t process = ep__fork_look(NULL);
    if (ep__tls.has_exited)
        return NULL;
    struct cache *cache = take_block();
    if (cache == NULL)
        return NULL;
    ep__epoch_adopt_record(&cache->epoch, process);
    ep__fork_adopt_record(cache, process);
    ep__cache_count(&cache->births, 1);
    point_at_window(&ep__tls);
    ep__tls.tag = cache->tag;
    ep__tls.cache = cache;
    ep__event_thread_begin();
    tell(EP__EVENT_THREAD_BORN, cache);
    uint64_t key = get_key();
    if (key != 0)
        (void)pthread_setspecific((pthread_key_t)(key - 1), cache);
    errno = saved;
    return cache;
}

/* The current pool's free blocks: what malloc has left of its list, and the owner's frees since. */
static uint32_t gather_current(struct cache *cache, struct pool *pool)
{
    struct block **head = ep__cache_head(cache, pool->class);
    struct block *chain = *head;
    *head = NULL;
    uint32_t listed = ep__pool_count_chain(pool->list);
    return listed + ep__pool_join(pool, chain);
}

void ep__thread_release_all(struct cache *cache, bool adopt)
{
    ep__reuse_give_back(cache, adopt);
    ep__batch_flush(cache, adopt);
    for (unsigned class = 0; class < EP__CLASSES; class ++) {
        struct bin *bin = &cache->bins[class];
        struct pool *pool = bin->current;
        ep__quota_release(cache, class);
        bin->keeps = 0;
        bin->reuse_sent = 0;
        bin->shared_bytes = 0;
        if (pool == NULL)
            continue;
        ep__cache_set_current(cache, class, NULL);
        ep__pool_release(pool, gather_current(cache, pool));
    }
}

/* Makes the current pools usable ones. */
static void leave_current(struct cache *cache)
{
    for (unsigned class = 0; class < EP__CLASSES; class ++) {
        struct pool *pool = cache->bins[class].current;
        if (pool == NULL)
            continue;
        ep__cache_set_current(cache, class, NULL);
        pool->listed = gather_current(cache, pool);
        ep__quota_enlist(cache, pool, EP__IN_USABLE);
    }
}

/* The destructor of the key. */
static void thread_exit(void *value)
{
    struct cache *cache = value;
    if (cache == NULL || cache != ep__tls.cache)
        return;
    int saved = errno;
    ep__fork_look(cache);
    ep__tls.tag = EP__OWNER_DETACHED;
    ep__tls.has_exited = 1;
    ep__thread_release_all(cache, false);
    ep__deferred_hand_over(cache);
    ep__grace_leave_record(&cache->grace);
    ep__epoch_hand_over(&cache->epoch);
    ep__tls.cache = NULL;
    tell(EP__EVENT_THREAD_DIED, cache);
    ep__ids_give_back(cache->tag);
    ep__retire_purge_excess();
    ep__event_thread_end();
    errno = saved;
}

void ep__thread_idle(void)
{
    struct cache *cache = ep__tls.cache;
    if (cache == NULL)
        return;
    ep__fork_look(cache);
    ep__deferred_hand_over(cache);
    /* Before the lists that malloc pops are taken for the current pools' own. */
    ep__reuse_give_back(cache, false);
    leave_current(cache);
    (void)ep__trim_own(cache);
    ep__thread_release_all(cache, false);
    tell(EP__EVENT_THREAD_IDLE, cache);
    ep__retire_purge_now();
    ep__epoch_poll(&cache->epoch);
}

uint32_t ep__thread_count(void)
{
    return ep__ids_count();
}

struct cache *ep__thread_next(uint32_t *id, bool *is_alive)
{
    struct cache *cache = ep__ids_next_block(id);
    *is_alive = cache != NULL && ep__ids_is_taken(*id);
    return cache;
}

size_t ep__thread_metadata_bytes(void)
{
    return ep__ids_block_bytes();
}
