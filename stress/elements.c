/* Elements that are deferred.  See elements.h. */
#include "elements.h"

#include "allocator.h"
#include "harness.h"

enum { BYTES_MAX = 3000 };

static _Atomic(uint32_t) counts[SEATS_MAX];
static _Atomic(uint64_t) calls;

void section_enter(struct seat *seat)
{
    ep_epoch_enter();
    if (seat->depth++ == 0) {
        /* order: relaxed -- an order would hide a missing one of the allocator's */
        ep__store_relaxed(&counts[seat->number], ep__load_relaxed(&counts[seat->number]) + 1);
    }
}

void section_leave(struct seat *seat)
{
    if (--seat->depth == 0) {
        /* order: relaxed -- see section_enter() */
        ep__store_relaxed(&counts[seat->number], ep__load_relaxed(&counts[seat->number]) + 1);
    }
    ep_epoch_exit();
}

static uint64_t word_of(uint32_t id, uint32_t i)
{
    return (uint64_t)id << 32 | (uint32_t)stress_hash(i);
}

static uint64_t mark_of(const struct element *element)
{
    return (uintptr_t)element ^ UINT64_C(0x5eed0e1e0e17a6e5);
}

void element_check_age(const struct element *element, const char *when)
{
    for (unsigned i = 0; i < SEATS_MAX; i++) {
        /* order: relaxed -- the allocator has ordered a section's end before this, or has failed */
        bool is_same = ep__load_relaxed(&counts[i]) == element->seen[i];
        stress_require(element->seen[i] % 2 == 0 || !is_same,
                       "early: element %u %s while a section of seat %u is open that began before",
                       element->id, when, i);
    }
}

struct element *element_make(struct seat *seat, uint32_t id)
{
    size_t bytes = stress_random_size(&seat->random, sizeof(struct element), BYTES_MAX) & ~7UL;
    struct element *element = ep_malloc(bytes);
    stress_require(element != NULL, "no memory for an element");
    if (element->mark == mark_of(element) && element->is_deferred)
        element_check_age(element, "is allocated again");
    element->mark = mark_of(element);
    element->id = id;
    element->words = (uint32_t)((bytes - sizeof *element) / 8);
    element->is_deferred = 0;
    element->first[0] = element->first[1] = word_of(id, 0);
    for (uint32_t i = 0; i < element->words; i++)
        element->rest[i] = word_of(id, i);
    return element;
}

void element_check(const struct element *element, uint32_t id)
{
    bool is_right = element->id == id && element->mark == mark_of(element) &&
                    element->first[0] == word_of(id, 0) && element->first[1] == word_of(id, 0);
    for (uint32_t i = 0; is_right && i < element->words; i++)
        is_right = element->rest[i] == word_of(id, i);
    stress_require(is_right,
                   "an element changed: it was %u, is %u, mark 0x%llx, words 0x%llx 0x%llx", id,
                   element->id, (unsigned long long)element->mark,
                   (unsigned long long)element->first[0], (unsigned long long)element->first[1]);
}

void element_note_counts(struct element *element)
{
    element->is_deferred = 1;
    for (unsigned i = 0; i < SEATS_MAX; i++) {
        /* order: relaxed -- an older count is that of a section that has ended */
        element->seen[i] = ep__load_relaxed(&counts[i]);
    }
}

void element_end(void *argument)
{
    struct element *element = argument;
    element_check_age(element, "is called");
    element_check(element, element->id);
    /* order: relaxed -- a sum */
    ep__fetch_add_relaxed(&calls, 1);
    element->first[0] = element->first[1] = element->mark = 0;
    ep_free(element);
}

uint64_t elements_called(void)
{
    /* order: relaxed -- a sum, asked for at rest */
    return ep__load_relaxed(&calls);
}

void sections_forget_others(const struct seat *seat)
{
    for (unsigned i = 0; i < SEATS_MAX; i++) {
        /* order: relaxed -- there is no other thread */
        uint32_t count = ep__load_relaxed(&counts[i]);
        if (i != seat->number && count % 2 != 0) {
            /* order: relaxed -- see above */
            ep__store_relaxed(&counts[i], count + 1);
        }
    }
}
