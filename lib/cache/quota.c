/* The quota.  The argument stands in quota.h. */
#include "cache/quota.h"

#include "arena/retire.h"
#include "cache/ids.h"
#include "pool/uncarve.h"
#include "sys/options.h"

/* Where upkeep is done a thread may hold so much less of its share. */
enum { KEPT_UP_PART = 16 };

/* With a countdown of one, each free into a pool of several slots would be an event at first. */
enum { SLOT_STEP_MIN = 2 };

/* What the pool's list can hold before the next event. */
static size_t charge_of(const struct pool *pool)
{
    const struct size_class *size = &ep__size_classes[pool->class];
    uint32_t more = pool->step == EP__POOL_PARKED ? 0 : pool->step * size->slots;
    uint32_t out = (uint32_t)pool->carved - pool->listed;
    return (size_t)(pool->listed + (more < out ? more : out)) * size->bytes;
}

/* What each slot counts down, so that there is an event about when `more` of the blocks that are out have come back, and
 * one at latest when all have: of `out` frees into n slots one slot gets at least 1/n. */
static uint32_t step_for(const struct size_class *size, uint32_t more, uint32_t out)
{
    uint32_t latest = (out + size->slots - 1U) / size->slots;
    uint32_t step = (more + size->slots - 1U) / size->slots;
    if (size->slots != 1 && step < SLOT_STEP_MIN)
        step = SLOT_STEP_MIN;
    return step < latest ? step : latest;
}

/* Starts the countdown to the next event: usable, a quarter of the pool more, all free. */
static void wind(struct pool *pool)
{
    const struct size_class *size = &ep__size_classes[pool->class];
    uint32_t out = (uint32_t)pool->carved - pool->listed;
    uint32_t goal = size->usable_at;
    if (pool->listed >= goal)
        goal = pool->listed + size->capacity / 4U;
    uint32_t more = goal - pool->listed < out ? goal - pool->listed : out;
    uint32_t step = step_for(size, more, out);
    ep__pool_wind(pool, &pool->list, step != 0 ? step : EP__POOL_PARKED);
}

/* Counts a pool's charge against the thread, or off it again. */
static void charge(struct cache *cache, const struct pool *pool)
{
    /* order: relaxed -- others only show the sum to people */
    (void)ep__add_own_relaxed(&cache->held_bytes, charge_of(pool));
}

static void discharge(struct cache *cache, const struct pool *pool)
{
    /* order: relaxed -- see charge */
    (void)ep__add_own_relaxed(&cache->held_bytes, (size_t)0 - charge_of(pool));
}

static struct pool_list *list_of(struct cache *cache, const struct pool *pool)
{
    struct bin *bin = &cache->bins[pool->class];
    return pool->place == EP__IN_USABLE ? &bin->usable : &bin->held;
}

static void push_back(struct pool_list *list, struct pool *pool)
{
    pool->next = NULL;
    pool->prev = list->last;
    if (list->last != NULL)
        list->last->next = pool;
    else
        list->first = pool;
    list->last = pool;
    list->count++;
}

static void unlink_pool(struct pool_list *list, struct pool *pool)
{
    if (pool->prev != NULL)
        pool->prev->next = pool->next;
    else
        list->first = pool->next;
    if (pool->next != NULL)
        pool->next->prev = pool->prev;
    else
        list->last = pool->prev;
    list->count--;
}

void ep__quota_enlist(struct cache *cache, struct pool *pool, enum ep__pool_place place)
{
    pool->place = (uint8_t)place;
    push_back(list_of(cache, pool), pool);
    wind(pool);
    charge(cache, pool);
}

/* Makes `listed` exact, with nothing counted down. */
static void count_list(struct pool *pool)
{
    pool->listed = ep__pool_listed(pool);
    ep__pool_wind(pool, &pool->list, 0);
}

void ep__quota_delist(struct cache *cache, struct pool *pool)
{
    discharge(cache, pool);
    count_list(pool);
    unlink_pool(list_of(cache, pool), pool);
    pool->place = EP__IN_NONE;
}

void ep__quota_recount(struct cache *cache, struct pool *pool, uint32_t added)
{
    discharge(cache, pool);
    pool->listed = ep__pool_listed(pool) + added;
    wind(pool);
    charge(cache, pool);
}

size_t ep__quota_uncarve(struct cache *cache, struct pool *pool)
{
    discharge(cache, pool);
    count_list(pool);
    size_t bytes = ep__uncarve(pool);
    wind(pool);
    charge(cache, pool);
    return bytes;
}

void ep__quota_rotate(struct cache *cache, struct pool *pool)
{
    struct pool_list *list = list_of(cache, pool);
    unlink_pool(list, pool);
    push_back(list, pool);
}

void ep__quota_give_up(struct cache *cache, struct pool *pool)
{
    ep__quota_delist(cache, pool);
    ep__pool_release(pool, pool->listed);
}

/* The pool of a bin that is given up next, or NULL. */
static struct pool *next_of(const struct bin *bin)
{
    return bin->usable.first != NULL ? bin->usable.first : bin->held.first;
}

static _Atomic(uint32_t) is_kept_up;

void ep__quota_note_upkeep(void)
{
    /* order: relaxed -- a policy */
    if (ep__load_relaxed(&is_kept_up) == 0) {
        /* order: relaxed -- a policy */
        ep__store_relaxed(&is_kept_up, 1);
    }
}

size_t ep__quota_bound_bytes(void)
{
    uint32_t threads = ep__ids_count();
    size_t share = ep__retire_used_bytes() / (threads != 0 ? threads : 1);
    size_t part = share / 100 * ep__option_get(EP__OPTION_THREAD_PERCENT);
    size_t floor = ep__option_get(EP__OPTION_THREAD_BYTES);
    /* order: relaxed -- a policy */
    if (ep__load_relaxed(&is_kept_up) != 0)
        part /= KEPT_UP_PART;
    return part > floor ? part : floor;
}

static bool is_above(struct cache *cache, size_t bound)
{
    /* order: relaxed -- the thread's own number */
    return ep__load_relaxed(&cache->held_bytes) > bound;
}

void ep__quota_enforce(struct cache *cache)
{
    if (ep__likely(!is_above(cache, ep__option_get(EP__OPTION_THREAD_BYTES))))
        return;
    size_t bound = ep__quota_bound_bytes();
    /* Twice round: a bin that is passed over once has been emptied since, or never had a pool. */
    for (unsigned looks = 0; is_above(cache, bound) && looks < 2 * EP__CLASSES; looks++) {
        struct pool *pool = next_of(&cache->bins[cache->giving_class]);
        if (pool != NULL) {
            ep__quota_give_up(cache, pool);
            looks = 0;
        }
        cache->giving_class = (cache->giving_class + 1) % EP__CLASSES;
    }
}

void ep__quota_release(struct cache *cache, unsigned class)
{
    struct pool *pool;
    while ((pool = next_of(&cache->bins[class])) != NULL)
        ep__quota_give_up(cache, pool);
}
