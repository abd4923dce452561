/* Shared memory.  The argument stands in memory.h. */
#include "memory.h"

#include <string.h>

#include "explore.h"

enum { CELLS_LOG2 = 16, CELLS = 1 << CELLS_LOG2, NOTED_MAX = 4096 };

static struct cell cells[CELLS];
static struct cell *known[CELLS / 2];
static unsigned known_count;
static struct cell *written[CELLS / 2];
static unsigned written_count;
static struct cell *noted[NOTED_MAX];
static unsigned noted_count;
static struct clock clocks[THREADS_MAX];
static uint64_t hash;
static uint64_t hash_of_clocks;
static uint64_t execution;

struct cell *memory_cell(void *address, unsigned size)
{
    uintptr_t wanted = (uintptr_t)address;
    unsigned i = (unsigned)(wanted * 0x9e3779b97f4a7c15U >> (64 - CELLS_LOG2));
    while (cells[i].address != wanted && cells[i].address != 0)
        i = (i + 1) % CELLS;
    struct cell *cell = &cells[i];
    if (cell->address == 0) {
        if (known_count == CELLS / 2)
            model_break("too many cells");
        known[known_count++] = cell;
        cell->address = wanted;
        cell->size = (uint8_t)size;
        cell->execution = 0;
    }
    if (cell->size != size)
        model_break("one object is used with several sizes");
    if (cell->execution != execution) {
        cell->execution = execution;
        cell->is_written = false;
        cell->contribution = 0;
        cell->initial = cell->value = memory_read(address, size);
        memset(&cell->released, 0, sizeof cell->released);
        memset(cell->used, 0, sizeof cell->used);
    }
    return cell;
}

struct clock *memory_clock(unsigned thread)
{
    return &clocks[thread];
}

uint64_t memory_read(const void *address, unsigned size)
{
    uint64_t value = 0;
    memcpy(&value, address, size);
    return value;
}

void memory_begin(void)
{
    memory_settle();
    for (unsigned i = 0; i < written_count; i++)
        memcpy((void *)written[i]->address, &written[i]->initial, written[i]->size);
    written_count = 0;
    hash = hash_of_clocks = 0;
    execution++;
    memset(clocks, 0, sizeof clocks);
    for (unsigned i = 0; i < THREADS_MAX; i++)
        clocks[i].of[i] = 1;
}

/* Brings the hashes up to date with a cell. */
static void rehash(struct cell *cell)
{
    uint64_t now = cell->value == cell->initial ? 0 : hash_mix(cell->address, cell->value);
    hash ^= cell->contribution ^ now;
    cell->contribution = now;
}

static uint64_t clock_of(const struct cell *cell)
{
    uint64_t order = 0;
    for (unsigned i = 0; i < THREADS_MAX; i++)
        order = order * 0x100000001b3U + cell->released.of[i];
    return order == 0 ? 0 : hash_mix(cell->address, order);
}

static void mark_written(struct cell *cell)
{
    if (cell->is_written)
        return;
    cell->is_written = true;
    written[written_count++] = cell;
}

void memory_write(struct cell *cell, uint64_t value)
{
    mark_written(cell);
    memcpy((void *)cell->address, &value, cell->size);
    cell->value = memory_read((void *)cell->address, cell->size);
    rehash(cell);
}

void memory_release(struct cell *cell, const struct clock *clock)
{
    hash_of_clocks ^= clock_of(cell);
    cell->released = *clock;
    hash_of_clocks ^= clock_of(cell);
}

void memory_join(struct clock *clock, const struct clock *other)
{
    for (unsigned i = 0; i < THREADS_MAX; i++)
        if (other->of[i] > clock->of[i])
            clock->of[i] = other->of[i];
}

static bool conflicts(enum use use, enum use other)
{
    bool has_write =
        use == PLAIN_WRITE || use == ATOMIC_WRITE || other == PLAIN_WRITE || other == ATOMIC_WRITE;
    bool has_plain = use <= PLAIN_WRITE || other <= PLAIN_WRITE;
    return has_write && has_plain;
}

void memory_use(struct cell *cell, unsigned thread, enum use use)
{
    static const char *const names[] = {"plain read", "plain write", "atomic read", "atomic write"};
    const struct clock *clock = &clocks[thread];
    for (enum use other = 0; other < USES; other++) {
        if (!conflicts(use, other))
            continue;
        for (unsigned i = 0; i < THREADS_MAX; i++)
            if (i != thread && cell->used[other][i] > clock->of[i])
                model_fail("race: %s of %s by T%u is not ordered after T%u's %s", names[use],
                           model_name_of((void *)cell->address), thread + 1, i + 1, names[other]);
    }
    cell->used[use][thread] = clock->of[thread];
}

void memory_note_plain_write(struct cell *cell)
{
    mark_written(cell);
    if (noted_count == NOTED_MAX)
        memory_settle();
    noted[noted_count++] = cell;
}

void memory_settle(void)
{
    for (unsigned i = 0; i < noted_count; i++) {
        struct cell *cell = noted[i];
        cell->value = memory_read((void *)cell->address, cell->size);
        rehash(cell);
    }
    noted_count = 0;
}

uint64_t memory_hash(bool with_clocks)
{
    memory_settle();
    return with_clocks ? hash_mix(hash, hash_of_clocks) : hash;
}

void memory_visit(uintptr_t start, uintptr_t end, void (*visit)(struct cell *))
{
    for (unsigned i = 0; i < known_count; i++)
        if (known[i]->address >= start && known[i]->address < end)
            visit(memory_cell((void *)known[i]->address, known[i]->size));
}

unsigned memory_shared_cells(void)
{
    unsigned count = 0;
    for (unsigned i = 0; i < known_count; i++)
        count += known[i]->is_shared;
    return count;
}
