/* The oracle's registry (registry.h). */
#include "registry.h"

#include "harness.h"
#include "memory.h"

enum { GRANULE_LOG2 = 4, CHUNK_LOG2 = 22, TABLE_LOG2 = 16 };

#define CHUNK_WORDS ((size_t)1 << (CHUNK_LOG2 - GRANULE_LOG2))
#define TABLE_SIZE ((size_t)1 << TABLE_LOG2)

struct chunk {
    _Atomic(uint64_t) number; /* the address >> CHUNK_LOG2; 0: unused; set once */
    _Atomic(_Atomic(uint32_t) *) words;
};

static struct chunk table[TABLE_SIZE];

static _Atomic(uint32_t) *map_words(struct chunk *chunk)
{
    size_t bytes = CHUNK_WORDS * sizeof(uint32_t);
    _Atomic(uint32_t) *words = NULL;
    _Atomic(uint32_t) *mine = stress_map(bytes);
    /* order: acq_rel CH -- with find_word() and the losers here: carries the mapping of the words; only
     * the first store succeeds and is never undone: no ABA */
    if (ep__cas_strong_acq_rel(&chunk->words, &words, mine))
        return mine;
    stress_unmap((void *)mine, bytes);
    return words;
}

static struct chunk *find_chunk(uint64_t number)
{
    size_t at = (size_t)((number * 0x9e3779b97f4a7c15U) >> (64 - TABLE_LOG2));
    for (size_t tries = 0; tries < TABLE_SIZE; tries++) {
        struct chunk *chunk = &table[(at + tries) % TABLE_SIZE];
        /* order: relaxed -- a number is set once; a stale 0 is found out by the CAS */
        uint64_t found = ep__load_relaxed(&chunk->number);
        /* order: relaxed -- see above; numbers never change back: no ABA */
        if (found == 0 && ep__cas_strong_relaxed(&chunk->number, &found, number))
            return chunk;
        if (found == number)
            return chunk;
    }
    stress_fail("the registry has no room: more than %zu chunks", TABLE_SIZE);
}

static _Atomic(uint32_t) *find_word(uintptr_t address)
{
    static _Thread_local uint64_t last_number;
    static _Thread_local _Atomic(uint32_t) *last_words;
    uint64_t number = address >> CHUNK_LOG2;
    if (number != last_number) {
        struct chunk *chunk = find_chunk(number);
        /* order: acquire CH -- with map_words(): the mapping; a stale NULL is found out by the CAS */
        _Atomic(uint32_t) *words = ep__load_acquire(&chunk->words);
        last_words = words != NULL ? words : map_words(chunk);
        last_number = number;
    }
    return &last_words[(address >> GRANULE_LOG2) % CHUNK_WORDS];
}

static uint32_t change_word(uintptr_t address, uint32_t expected, uint32_t id)
{
    _Atomic(uint32_t) *word = find_word(address);
    /* order: relaxed -- only the allocator may order the one who cleared before the one who sets */
    uint32_t found = ep__load_relaxed(word);
    if (found != expected)
        return found;
    /* order: relaxed -- see above.  Not a CAS: two who got the same block at once both pass here, and
     * the one whose id was overwritten fails when he gives it back */
    ep__store_relaxed(word, id);
    return expected;
}

static size_t step_of(size_t bytes)
{
    if (bytes <= 1024)
        return (size_t)1 << GRANULE_LOG2;
    return bytes <= 65536 ? 256 : 4096;
}

uint32_t stress_registry_change(const void *start, size_t bytes, uint32_t expected, uint32_t id)
{
    uintptr_t first = (uintptr_t)start;
    uintptr_t last = first + (bytes - 1);
    size_t step = step_of(bytes);
    uint32_t found = change_word(first, expected, id);
    for (uintptr_t at = (first | (step - 1)) + 1; at <= last && found == expected; at += step)
        found = change_word(at, expected, id);
    bool last_is_new = last >> GRANULE_LOG2 != first >> GRANULE_LOG2 && step > 16 &&
                       (last & ~(uintptr_t)15) % step != 0;
    if (found == expected && last_is_new)
        found = change_word(last, expected, id);
    return found;
}
