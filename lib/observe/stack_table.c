/* The stack table.  The argument stands in stack_table.h. */
#include "observe/stack_table.h"

#include <string.h>

#include "sys/atomic.h"
#include "sys/vm.h"

enum {
    INDEX_LOG2 = 15,
    WORDS_MAX = 1 << 22, /* 32 MiB: some 100,000 stacks of 40 frames */
};

struct entry {
    uint64_t hash;
    uint32_t next; /* 0: none */
    uint32_t count;
    uintptr_t frames[];
};
enum { ENTRY_WORDS = sizeof(struct entry) / sizeof(uintptr_t) };

struct table {
    _Atomic(uint32_t) index[1 << INDEX_LOG2];
    _Atomic(uint64_t) used_words;
    uintptr_t words[WORDS_MAX];
};

static _Atomic(struct table *) published;
static _Atomic(uint64_t) lost;

static struct table *get_table(void)
{
    /* order: acquire STT -- pairs with map_table; that the table reads as zero */
    return ep__load_acquire(&published);
}

/* Maps it; who comes second unmaps his.  NULL: no memory. */
static struct table *map_table(void)
{
    size_t bytes = (sizeof(struct table) + ep__vm_page_bytes() - 1) & ~(ep__vm_page_bytes() - 1);
    struct table *fresh = ep__vm_map_sparse(bytes);
    struct table *none = NULL;
    if (fresh == NULL)
        return NULL;
    /* order: acq_rel STT -- pairs with get_table and with another map_table.  ABA: written once */
    if (ep__cas_strong_acq_rel(&published, &none, fresh))
        return fresh;
    (void)ep__vm_unmap(fresh, bytes);
    return none;
}

static uint64_t hash_frames(const uintptr_t *frames, unsigned count)
{
    uint64_t hash = count;
    for (unsigned i = 0; i < count; i++) {
        hash = (hash ^ frames[i]) * UINT64_C(0x9e3779b97f4a7c15);
        hash ^= hash >> 29;
    }
    return hash;
}

static struct entry *entry_at(struct table *table, uint32_t number)
{
    return (struct entry *)(void *)&table->words[number];
}

/* Looks through a chain from `number` to before `end`. */
static uint32_t find(struct table *table, uint32_t number, uint32_t end, const struct entry *wanted,
                     const uintptr_t *frames)
{
    while (number != end) {
        const struct entry *entry = entry_at(table, number);
        if (entry->hash == wanted->hash && entry->count == wanted->count &&
            memcmp(entry->frames, frames, entry->count * sizeof *frames) == 0)
            return number;
        number = entry->next;
    }
    return 0;
}

/* Room for an entry; 0: there is none. */
static uint32_t take_room(struct table *table, unsigned frames)
{
    uint64_t words = ENTRY_WORDS + frames;
    /* order: relaxed -- the room is the caller's alone; its number reaches others through STE */
    uint64_t first = ep__fetch_add_relaxed(&table->used_words, words) + 1;
    /* The sum cannot come round: 2^57 additions. */
    return first + words <= WORDS_MAX ? (uint32_t)first : 0;
}

/* Puts a new entry in front of its chain, unless it has got there meanwhile. */
static uint32_t add(struct table *table, _Atomic(uint32_t) *head, uint32_t seen,
                    const struct entry *wanted, const uintptr_t *frames)
{
    uint32_t number = take_room(table, wanted->count);
    if (number == 0)
        return 0;
    struct entry *entry = entry_at(table, number);
    *entry = *wanted;
    memcpy(entry->frames, frames, wanted->count * sizeof *frames);
    entry->next = seen;
    /* order: acq_rel STE -- pairs with ep__stack_table_keep and with another add; carries the entry and its frames */
    while (!ep__cas_weak_acq_rel(head, &seen, number)) {
        uint32_t other = find(table, seen, entry->next, wanted, frames);
        if (other != 0)
            return other;
        entry->next = seen;
    }
    return number;
}

uint32_t ep__stack_table_keep(const uintptr_t *frames, unsigned count)
{
    struct table *table = get_table();
    if (count == 0)
        return 0;
    if (table == NULL)
        table = map_table();
    uint32_t number = 0;
    if (table != NULL) {
        struct entry wanted = {.hash = hash_frames(frames, count), .count = count};
        _Atomic(uint32_t) *head = &table->index[wanted.hash >> (64 - INDEX_LOG2)];
        /* order: acquire STE -- pairs with add; the entries of the chain and their frames */
        uint32_t seen = ep__load_acquire(head);
        number = find(table, seen, 0, &wanted, frames);
        if (number == 0)
            number = add(table, head, seen, &wanted, frames);
    }
    if (number == 0) {
        /* order: relaxed -- statistics */
        ep__fetch_add_relaxed(&lost, 1);
    }
    return number;
}

const uintptr_t *ep__stack_table_frames(uint32_t number, unsigned *count)
{
    struct table *table = get_table();
    *count = 0;
    if (number == 0 || table == NULL)
        return NULL;
    /* The number has come from ep__stack_table_keep, and with it, ordered by whatever carried it, the entry. */
    const struct entry *entry = entry_at(table, number);
    *count = entry->count;
    return entry->frames;
}

uint64_t ep__stack_table_lost(void)
{
    /* order: relaxed -- statistics */
    return ep__load_relaxed(&lost);
}

size_t ep__stack_table_bytes(void)
{
    struct table *table = get_table();
    if (table == NULL)
        return 0;
    /* order: relaxed -- statistics */
    uint64_t words = ep__load_relaxed(&table->used_words);
    return (words < WORDS_MAX ? words : WORDS_MAX) * sizeof(uintptr_t);
}
