/* What the fast paths read: one thread's list heads, tag and way to the tables.
 *
 * Layer: cache.  Uses: pool.  Used by: cache, api/fast.h.
 *
 * 312 bytes of thread-local storage in the initial-exec model (a variant for being dlopen()ed uses TLS
 * descriptors).  A thread that has not been born, or has exited, has slot_limit 0 or a tag that no map entry
 * holds, and no list heads: all its calls take the slow paths.  The thread only; plain accesses.
 */
#ifndef EPMALLOC_CACHE_TLS_H
#define EPMALLOC_CACHE_TLS_H

#include "pool/pool.h"

#ifndef EP__TLS_MODEL
#define EP__TLS_MODEL "initial-exec"
#endif

struct cache;

struct tls {
    struct block *heads[EP__SMALL_CLASSES + 1]; /* index: (size + 15) / 16; [0] is always NULL */
    uintptr_t base;                             /* of the first window */
    uint64_t slot_limit;                        /* of the first window; 0: not born */
    _Atomic(uint32_t) *owners;
    char *pools;
    uint32_t tag; /* own id in the map; EP__OWNER_DETACHED before birth and after exit */
    uint32_t has_exited;
    struct cache *cache;  /* the control block; NULL before birth and after exit */
    uint32_t guest_depth; /* sections entered without a control block */
};

extern _Thread_local struct tls ep__tls
    __attribute__((tls_model(EP__TLS_MODEL), visibility("hidden")));

#endif
