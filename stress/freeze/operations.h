/* What the victim can be stepped through.
 *
 * An operation has up to four parts; only `run` is stepped.  `stage` is the process's main thread's, before the
 * victim exists: what it allocates belongs to a thread that lives on, and what threads allocate for it that have
 * ended (freeze_elsewhere) to nobody.  `prepare`, `run` and `finish` are the victim's.
 *
 * Operations know malloc's family alone, so they run under any allocator; what its pools, classes and
 * arenas are is true of epmalloc only, and the sizes are chosen for it.
 */
#ifndef STRESS_FREEZE_OPERATIONS_H
#define STRESS_FREEZE_OPERATIONS_H

#include <stdbool.h>
#include <stddef.h>

enum freeze_way {
    FREEZE_CALL,       /* `run` is called */
    FREEZE_DEATH,      /* the thread's end is stepped, until it is gone */
    FREEZE_DESTRUCTOR, /* `run` is called when the allocator has seen the thread's end */
    FREEZE_CHILD,      /* `run` is called in the child of a threaded process */
};

struct freeze_operation {
    const char *name;
    const char *options; /* EPMALLOC_CONF, or NULL */
    void (*stage)(void);
    void (*prepare)(void);
    void (*run)(void);
    void (*finish)(void);
    size_t address_bytes_max; /* RLIMIT_AS; 0: no limit.  For epmalloc only */
    enum freeze_way way;
    bool has_no_past;  /* the victim must not have allocated before */
    bool is_ours_only; /* calls what only epmalloc has */
    bool is_forked_by; /* the others fork at every stop, instead of now and then */
    bool is_fresh;     /* each victim in a process of its own */
    /* In so many further processes the first burst comes at the first, second, third ... instruction: for what only
     * the first thread of a process does.  0: none. */
    unsigned first_bursts;
};

/* Tables that end with an operation without a name. */
extern const struct freeze_operation freeze_small[], freeze_big[], freeze_threads[];

/* NULL: there are no more, or none of that name. */
const struct freeze_operation *freeze_operation_at(unsigned place);
const struct freeze_operation *freeze_operation_find(const char *name);

/* --- for operations ------------------------------------------------------------------------------ */

/* Up to a few thousand blocks, from one part of an operation to the next. */
struct freeze_blocks {
    unsigned count;
    void *at[8192];
};

/* The present victim's, from 1. */
extern unsigned freeze_victim_number;

/* The victim's, and what the main thread has staged for it. */
extern struct freeze_blocks freeze_mine, freeze_staged;

void freeze_keep(struct freeze_blocks *blocks, void *p);
void freeze_get(struct freeze_blocks *blocks, size_t size, unsigned count);

/* Frees every step-th block from `first` on. */
void freeze_put(struct freeze_blocks *blocks, unsigned first, unsigned step);
void freeze_put_all(struct freeze_blocks *blocks);
void freeze_put_mine(void);
void freeze_put_staged(void);

/* Writes a byte in every page. */
void freeze_touch(void *p, size_t bytes);

/* Runs `body` in a thread that has ended when this returns. */
void freeze_elsewhere(void (*body)(void));

/* Gives a block to the others, who free it. */
void freeze_give(void *p);

/* A block that another thread has allocated and given; NULL: none is left. */
void *freeze_take(void);

/* Functions that not every allocator has; they do nothing then. */
void freeze_idle(void);
void freeze_trim(void);

/* A function by its name; 0: there is none. */
void *freeze_symbol(const char *name);

#endif
