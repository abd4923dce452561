/* Elements that are deferred, and the sections that may see them: what is right about both, without luck.
 *
 * An element is all of words that tell its id and place.  Every thread has a count that is odd while it is in a section.
 * Who unlinks an element notes all counts in it, in words that readers do not look at; when the element is called, or
 * its memory is got again, each count that was odd must have changed.
 *
 * The counts are relaxed: nothing but the allocator orders a section's end before a call or a reuse.
 */
#ifndef STRESS_ELEMENTS_H
#define STRESS_ELEMENTS_H

#include <stdint.h>

#include "random.h"

enum { SEATS_MAX = 32 };

struct element {
    uint64_t first[2]; /* what the allocator overwrites first */
    uint64_t mark;     /* of this address; 0: was never an element, or has been called */
    uint32_t id;
    uint32_t words;
    uint32_t is_deferred;
    uint32_t seen[SEATS_MAX]; /* counts when it was unlinked */
    uint64_t rest[];
};

struct seat {
    unsigned number;
    unsigned depth; /* of sections */
    struct stress_random random;
};

/* The thread enters and leaves a section of epmalloc. */
void section_enter(struct seat *seat);
void section_leave(struct seat *seat);

/* In a forked child: the sections of threads that it does not have are over. */
void sections_forget_others(const struct seat *seat);

/* A new element, of any size to 3000 bytes; what was there before is checked. */
struct element *element_make(struct seat *seat, uint32_t id);

/* Fails the run unless the element is whole and is the one with the id. */
void element_check(const struct element *element, uint32_t id);

/* Who has unlinked an element notes the counts; they are checked. */
void element_note_counts(struct element *element);
void element_check_age(const struct element *element, const char *when);

/* A deferred call: checks an element, counts the call, and frees it. */
void element_end(void *element);
uint64_t elements_called(void);

#endif
