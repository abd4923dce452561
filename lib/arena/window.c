/* Windows.  The layout and the argument stand in window.h. */
#include "arena/window.h"

#include "arena/arena.h"
#include "sys/vm.h"

_Atomic(struct window *) ep__windows[EP__WINDOWS_MAX];

/* Sizes in bytes of a window's tables. */
struct layout {
    size_t header;
    size_t owners;
    size_t groups;
    size_t pools;
    /* Between tables and arenas.  Without it the first descriptor and the first block agree in all but their high
     * address bits, and a malloc and free of that block takes 15 ns instead of 6: probably a processor that predicts
     * a cache way from the low bits takes each for the other. */
    size_t gap;
    size_t metadata;
};

enum { WINDOW_LOG2_MIN = EP__ARENA_LOG2, WINDOW_LOG2_MAX = 40 };

struct window *ep__window_find(const void *p)
{
    for (unsigned i = 0; i < EP__WINDOWS_MAX; i++) {
        struct window *window = ep__window_at(i);
        if (window == NULL)
            return NULL;
        if (ep__window_holds(window, p))
            return window;
    }
    return NULL;
}

static struct layout layout_of(size_t arena_count)
{
    size_t page = ep__vm_page_bytes();
    size_t group_count = (arena_count + EP__GROUP_ARENAS - 1) / EP__GROUP_ARENAS;
    struct layout layout;
    layout.owners = ep__round_up(arena_count * EP__ARENA_SLOTS * sizeof(uint32_t), page);
    layout.groups = ep__round_up(group_count * sizeof(struct arena_group), page);
    layout.pools = ep__round_up(arena_count * EP__ARENA_SLOTS * EP__DESCRIPTOR_BYTES, page);
    layout.gap = page;
    layout.header = ep__round_up(sizeof(struct window), page);
    layout.metadata = layout.header + layout.owners + layout.groups + layout.pools + layout.gap;
    return layout;
}

/* The machine's memory eight times over, so that fragmentation of address space never matters; under a
 * finite RLIMIT_AS an eighth of it, because the program needs the rest. */
static unsigned first_log2(void)
{
    unsigned log2 = ep__log2_ceil(ep__vm_machine_bytes()) + 3;
    size_t limit = ep__vm_limit_bytes();
    if (limit != SIZE_MAX && limit / 8 < (size_t)1 << log2)
        log2 = limit / 8 > EP__ARENA_BYTES ? ep__bits_highest(limit / 8) : WINDOW_LOG2_MIN;
    return log2 < WINDOW_LOG2_MAX ? log2 : WINDOW_LOG2_MAX;
}

/* Cuts what lies around the tables and the arenas off a reservation. */
static char *trim(char *start, size_t bytes, size_t metadata, size_t arenas)
{
    char *base = (char *)ep__round_up((uintptr_t)start + metadata, EP__ARENA_BYTES);
    if (base - metadata > start)
        (void)ep__vm_unmap(start, (size_t)(base - metadata - start));
    char *end = base + arenas;
    if (start + bytes > end)
        (void)ep__vm_unmap(end, (size_t)(start + bytes - end));
    return base;
}

static struct window *fill_header(char *base, size_t arena_count, struct layout layout)
{
    char *start = base - layout.metadata;
    size_t header = layout.header;
    if (!ep__vm_allow_read(start, layout.metadata) || !ep__vm_commit(start, header))
        return NULL;
    struct window *window = (struct window *)start;
    window->base = base;
    window->slot_count = (uint32_t)(arena_count * EP__ARENA_SLOTS);
    window->arena_count = (uint32_t)arena_count;
    window->owners = (_Atomic(uint32_t) *)(start + header);
    window->groups = (struct arena_group *)(start + header + layout.owners);
    window->pools = start + header + layout.owners + layout.groups;
    window->metadata_bytes = layout.metadata;
    return window;
}

/* A complete window of 2^log2 bytes that nobody else knows yet, or NULL. */
static struct window *create_window(unsigned log2)
{
    size_t arenas = (size_t)1 << log2;
    struct layout layout = layout_of(arenas >> EP__ARENA_LOG2);
    size_t bytes = arenas + layout.metadata + EP__ARENA_BYTES;
    char *start = ep__vm_reserve(bytes);
    if (start == NULL)
        return NULL;
    char *base = trim(start, bytes, layout.metadata, arenas);
    struct window *window = fill_header(base, arenas >> EP__ARENA_LOG2, layout);
    if (window == NULL)
        (void)ep__vm_unmap(base - layout.metadata, layout.metadata + arenas);
    return window;
}

static void destroy_window(struct window *window)
{
    size_t metadata = window->metadata_bytes;
    size_t arenas = (size_t)window->arena_count << EP__ARENA_LOG2;
    (void)ep__vm_unmap(window->base - metadata, metadata + arenas);
}

struct window *ep__window_add(unsigned seen)
{
    if (seen >= EP__WINDOWS_MAX)
        return NULL;
    if (ep__window_at(seen) != NULL)
        return ep__window_at(seen);
    struct window *window = NULL;
    for (unsigned log2 = first_log2(); window == NULL && log2 >= WINDOW_LOG2_MIN; log2--)
        window = create_window(log2);
    if (window == NULL)
        return NULL;
    struct window *none = NULL;
    /* order: acq_rel WIN -- pairs with ep__window_at; carries the header filled above, and, when another
     * was first, its header.  ABA: a place is written once. */
    if (ep__cas_strong_acq_rel(&ep__windows[seen], &none, window))
        return window;
    destroy_window(window);
    return none;
}

void ep__windows_close(void)
{
    for (unsigned i = 0; i < EP__WINDOWS_MAX && ep__window_at(i) != NULL; i++) {
        /* order: relaxed -- see ep__window_is_closed */
        ep__store_relaxed(&ep__window_at(i)->is_closed, 1);
    }
}

/* Widened to whole pages: neighbours' entries become writable early, which is harmless. */
static bool commit_range(const void *start, size_t bytes)
{
    size_t page = ep__vm_page_bytes();
    uintptr_t first = ep__round_down((uintptr_t)start, page);
    uintptr_t end = ep__round_up((uintptr_t)start + bytes, page);
    return ep__vm_commit((void *)first, end - first);
}

bool ep__window_open_group(struct window *window, uint32_t arena_id)
{
    uint32_t group = arena_id / EP__GROUP_ARENAS;
    uint64_t bit = (uint64_t)1 << group % 64;
    _Atomic(uint64_t) *word = &window->groups_writable[group / 64];
    /* order: relaxed -- a stale 0 costs system calls that change nothing; a 1 follows the calls that made
     * the tables writable, and page tables are not ordered by this word */
    if (ep__load_relaxed(word) & bit)
        return true;
    size_t first_slot = (size_t)group * EP__GROUP_ARENAS * EP__ARENA_SLOTS;
    size_t slots = (size_t)EP__GROUP_ARENAS * EP__ARENA_SLOTS;
    if (first_slot + slots > window->slot_count)
        slots = window->slot_count - first_slot;
    if (!commit_range((const char *)&window->owners[first_slot], slots * sizeof(uint32_t)) ||
        !commit_range((const char *)&window->groups[group], sizeof(struct arena_group)) ||
        !commit_range(window->pools + first_slot * EP__DESCRIPTOR_BYTES,
                      slots * EP__DESCRIPTOR_BYTES))
        return false;
    /* order: relaxed -- see the load */
    ep__fetch_or_relaxed(word, bit);
    return true;
}
