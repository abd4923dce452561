/* Views.  The argument stands in view.h. */
#include "observe/view.h"

#include "cache/batch.h"
#include "cache/reuse.h"
#include "pool/run.h"

bool ep__view_is_in_use(struct arena *arena)
{
    /* order: acquire RET -- pairs with the end of creation; the arena's fields are read after it */
    return ep__load_acquire(&arena->in_use) != 0;
}

struct arena *ep__view_next_arena(unsigned *window, uint32_t *id)
{
    for (; *window < EP__WINDOWS_MAX && ep__window_at(*window) != NULL; ++*window, *id = 0) {
        struct window *at = ep__window_at(*window);
        for (; *id < ep__arena_ids_begun(at); ++*id) {
            struct arena *arena = ep__arena_at(at, *id);
            if (ep__view_is_in_use(arena))
                return arena;
        }
    }
    return NULL;
}

uint64_t ep__view_free(struct arena *arena)
{
    /* order: acquire SLT -- pairs with ep__arena_give_free; descriptors are read after the word */
    return ep__load_acquire(&arena->free_slots);
}

/* What was read between two looks at the pool's word. */
struct look {
    uint64_t word;
    uint8_t kind;
    uint32_t start;
};

static struct look look_at(struct pool *pool, const struct arena *arena, unsigned slot)
{
    struct look look;
    uint64_t before;
    do {
        /* order: acquire OWN -- pairs with the births of pools and runs; the rest is read after the word */
        before = ep__load_acquire(&pool->word);
        look.start = ep__pool_start(pool);
        /* order: acquire OWN -- the word is read again after the kind */
        look.kind = ep__load_acquire(&arena->kinds[slot]);
        look.word = ep__pool_word(pool);
    } while (ep__word_generation(before) != ep__word_generation(look.word));
    return look;
}

/* Free blocks on the own lists of a pool that the calling thread owns, and uncarved ones. */
static uint32_t count_own(const struct pool *pool)
{
    uint32_t uncarved = (uint32_t)ep__size_classes[pool->class].capacity - pool->carved;
    if (pool->place != EP__IN_CURRENT)
        return uncarved + ep__pool_listed(pool);
    return uncarved + ep__pool_count_chain(pool->list);
}

static void view_pool(struct view *view, struct look look)
{
    struct pool *pool = view->pool;
    struct window *window = view->arena->window;
    struct cache *cache = ep__tls.cache;
    view->kind = EP__VIEW_POOL;
    view->class = ep__kind_class(look.kind);
    view->pool_kind = look.kind;
    view->start = look.start;
    view->slots = ep__size_classes[view->class].slots;
    view->free_blocks = ep__word_count(look.word);
    const struct batch *withheld = cache == NULL ? NULL : ep__batch_withheld(cache, pool);
    if (withheld != NULL)
        view->free_blocks += withheld->count;
    if (cache != NULL)
        view->free_blocks += ep__reuse_count(cache, pool, view->class);
    /* order: relaxed -- only the own tag matters, and the thread stored that itself */
    view->owner = ep__load_relaxed(&window->owners[pool - ep__pool_at(window, 0)]);
    view->is_own = view->state == EP__OWNED && cache != NULL && view->owner == cache->tag;
    view->is_exact = view->state != EP__OWNED || view->is_own;
    if (view->is_own)
        view->free_blocks += count_own(pool);
    /* A handler that has interrupted the owner may find a block on its way from one list to another on both. */
    if (view->free_blocks > ep__size_classes[view->class].capacity)
        view->free_blocks = ep__size_classes[view->class].capacity;
}

void ep__view_slot(struct arena *arena, unsigned slot, struct view *view)
{
    struct pool *pool = ep__pool_at(arena->window, arena->id * EP__ARENA_SLOTS + slot);
    struct look look = look_at(pool, arena, slot);
    *view = (struct view){
        .kind = EP__VIEW_TRANSITION, .arena = arena, .pool = pool, .slot = slot, .slots = 1};
    view->state = ep__word_state(look.word);
    if (view->state == EP__FULL && look.kind == EP__KIND_RUN) {
        view->kind = EP__VIEW_RUN;
        view->run_bytes = ep__run_bytes(pool);
        view->slots = (unsigned)(view->run_bytes >> EP__SLOT_LOG2);
    } else if (view->state != EP__FREE && look.kind < EP__POOL_KINDS) {
        view_pool(view, look);
    }
}
