/*
 * reclaim.h: what a scheme of reclamation is to the program that compares them.
 *
 * A program is linked with one file that defines reclaim_schemes: peers.c (call_rcu, defer_rcu and ck_epoch
 * with free(), for whatever allocator is preloaded) or own.c (epmalloc's, with epmalloc linked in).
 */
#ifndef BENCH_RECLAIM_H
#define BENCH_RECLAIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct scheme {
    const char *name;
    size_t header_bytes; /* that a node has for the scheme, in front */
    void (*begin_thread)(unsigned thread);
    void (*end_thread)(void); /* may leave what waits to others */
    void (*enter)(void);      /* a section */
    void (*leave)(void);
    void (*retire)(void *node);    /* outside sections; frees it when no section can see it */
    void (*drain)(void);           /* at the end: waits until all is freed */
    size_t (*waiting_bytes)(void); /* NULL: reclaim_retired - reclaim_freed */
};

extern const struct scheme reclaim_schemes[]; /* ended by one without a name */

/* Schemes of peers: what has been retired and freed, counted when `is_traced`. */
extern bool reclaim_is_traced;
void reclaim_count_freed(const void *node);

#endif
