/* Which libepmalloc the interpreter works on, and its functions.
 *
 * The process's own where there is one (preloaded or linked): a second one would not know its blocks.
 * Otherwise libepmalloc-dlopen.so, which lies beside the extension and needs no static thread-local
 * storage.  It is loaded without its names becoming visible, so that it replaces nobody's malloc.
 */
#ifndef EPMALLOC_PYTHON_LIBRARY_H
#define EPMALLOC_PYTHON_LIBRARY_H

#include <epmalloc/epmalloc.h>

#define EP__PYTHON_FUNCTIONS(with)                                                                 \
    with(malloc) with(calloc) with(realloc) with(free) with(owns) with(address_range) with(purge)  \
        with(thread_idle) with(options) with(stats) with(stats_write) with(stats_cpython)          \
            with(walk_classes) with(walk_threads) with(walk_arenas) with(walk_pools)               \
                with(walk_blocks) with(trace_start) with(trace_drain) with(trace_stop)             \
                    with(trace_dropped)

#define EP__PYTHON_POINTER(name) __typeof__(&ep_##name) name;

/* Set once, by ep__library_load(). */
struct library {
    EP__PYTHON_FUNCTIONS(EP__PYTHON_POINTER)
    bool is_preloaded; /* the process's own */
};

extern struct library ep__library __attribute__((visibility("hidden")));

/* Finds and loads it.  Returns NULL, or what went wrong as a sentence, valid until the next call of
 * dlopen() or dlsym().  Calls after a success do nothing. */
const char *ep__library_load(void) __attribute__((visibility("hidden")));

#endif
