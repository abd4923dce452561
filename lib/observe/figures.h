/* Figures: what people are told, and in which words; the one table behind every form of the statistics.
 *
 * Layer: observe.  Uses: account.  Used by: observe (formats), api (malloc_info), docs/statistics.md, which a lint
 * compares with the table.
 *
 * Nouns: a *figure* is one number: its name, type and unit, what it means, and where it stands in a *record*, one of
 * the public structures of numbers.  A *part* is a kind of record with its figures: the process, a class, an arena, a
 * thread.  A *label* is a figure that says which record it is.
 *
 * A new figure is a field at the end of its public structure, a line of the table, a row of the document, and the
 * statement in account.c that reads it.
 *
 * Constant data, and functions that read; any thread, async-signal-safe.
 */
#ifndef EPMALLOC_OBSERVE_FIGURES_H
#define EPMALLOC_OBSERVE_FIGURES_H

#include "observe/account.h"

enum ep__figure_type { EP__LABEL, EP__GAUGE, EP__COUNTER };
enum ep__figure_unit { EP__NUMBER, EP__BYTES, EP__MILLISECONDS };

/* How far a figure can be relied on while other threads run.  At rest all are exact. */
enum ep__figure_truth {
    EP__ALWAYS,  /* exact at the moment of the question */
    EP__EACH,    /* a sum: each arena, pool or thread at a moment of its own */
    EP__AT_MOST, /* the same, and too much by at most what is uncertain */
    EP__ABOUT,   /* a shared number: too much or too little by the operations in flight */
};

struct figure {
    const char *name;
    const char *help; /* no quotes, no backslashes, no markup */
    uint8_t type;
    uint8_t unit;
    uint8_t truth;
    uint16_t offset; /* of its uint64_t in the record */
};

struct part {
    unsigned bit;       /* enum ep_stats_parts */
    const char *name;   /* of one record */
    const char *plural; /* NULL: there is one record only */
    const struct figure *figures;
    unsigned count;
};

enum { EP__PARTS = 4 };
extern const struct part ep__parts[EP__PARTS];

static inline uint64_t ep__figure_read(const struct figure *figure, const void *record)
{
    return *(const uint64_t *)(const void *)((const char *)record + figure->offset);
}

/* Calls visit for each record of a part, until it returns other than 0; returns what the last call did.  The process
 * and its classes are the account's, taken before; arenas and threads are looked at now. */
int ep__part_each(const struct part *part, const struct account *account,
                  int (*visit)(const void *record, void *argument), void *argument);

#endif
