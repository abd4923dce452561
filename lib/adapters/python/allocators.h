/* CPython's allocators on epmalloc.
 *
 * install puts three functions in the place of a domain's.  Blocks that the domain had given out before are
 * recognised by their address (one subtraction and one comparison for nearly all of epmalloc's own) and go to the
 * allocator that was there.  It stays in charge of them for as long as they live, also when they grow, because only
 * it knows how big they are.
 *
 * Debug hooks (PYTHONMALLOC=debug) that are in place stay on top: epmalloc comes beneath them, in the place of
 * what they stand on.  Hooks that are set up later stand on epmalloc.  There is no way back: blocks of epmalloc
 * are in use until the process ends.
 *
 * Threads: install by who holds the GIL, before other threads without it use the domain "raw"; the functions
 * themselves as CPython promises for each domain.
 */
#ifndef EPMALLOC_PYTHON_ALLOCATORS_H
#define EPMALLOC_PYTHON_ALLOCATORS_H

#include <stdbool.h>

enum { EP__PYTHON_DOMAINS = 3 };

extern const char *const ep__python_domain_names[EP__PYTHON_DOMAINS]
    __attribute__((visibility("hidden")));

/* domain: PYMEM_DOMAIN_RAW, _MEM or _OBJ.  Nothing happens when its blocks come from epmalloc already. */
void ep__python_install(int domain) __attribute__((visibility("hidden")));

/* Whether a domain's new blocks come from epmalloc, be it beneath debug hooks or as the process's malloc.  Asks for a
 * block to find out. */
bool ep__python_is_installed(int domain) __attribute__((visibility("hidden")));

#endif
