/* Concurrency Kit's primitives, as the explorer's: stands in for <ck_pr.h>, so that the inline functions of the
 * real <ck_epoch.h> and <ck_stack.h> are explored too.
 *
 * With the orders that they have on x86, for which ck_epoch is claimed to be right (lib/epoch/epoch.h): loads
 * acquire, stores release, locked operations are sequentially consistent.
 */
#ifndef CK_PR_H
#define CK_PR_H

#include "sys/atomic.h"

#define ck_pr_load_uint(p) MODEL_VALUE(p, #p, MODEL_LOAD, MODEL_ACQUIRE, 0)
#define ck_pr_load_ptr(p) MODEL_VALUE(p, #p, MODEL_LOAD, MODEL_ACQUIRE, 0)
#define ck_pr_store_uint(p, v) ((void)MODEL_ACCESS(p, #p, MODEL_STORE, MODEL_RELEASE, v, NULL))
#define ck_pr_store_ptr(p, v) ((void)MODEL_ACCESS(p, #p, MODEL_STORE, MODEL_RELEASE, v, NULL))
#define ck_pr_fas_uint(p, v) MODEL_VALUE(p, #p, MODEL_EXCHANGE, MODEL_SEQ_CST, v)
#define ck_pr_fas_ptr(p, v) MODEL_VALUE(p, #p, MODEL_EXCHANGE, MODEL_SEQ_CST, v)
#define ck_pr_inc_uint(p) ((void)MODEL_ACCESS(p, #p, MODEL_ADD, MODEL_SEQ_CST, 1, NULL))

static inline bool model_cas_pointer(void *p, void *expected, void *v, void *seen)
{
    void **place = p;
    void *there = expected;
    bool is_done = MODEL_SWAP(place, "ck_pr_cas_ptr", MODEL_SEQ_CST, &there, v);
    *(void **)seen = there;
    return is_done;
}

static inline bool ck_pr_cas_uint(unsigned *p, unsigned expected, unsigned v)
{
    return MODEL_SWAP(p, "ck_pr_cas_uint", MODEL_SEQ_CST, &expected, v);
}

#define ck_pr_cas_ptr_value(p, expected, v, seen) model_cas_pointer((p), (expected), (v), (seen))
static inline bool ck_pr_cas_ptr(void *p, void *expected, void *v)
{
    void *seen;
    return model_cas_pointer(p, expected, v, &seen);
}

#define MODEL_FULL_FENCE()                                                                         \
    (__extension__({                                                                               \
        static const struct model_site site_ = {"", __func__, MODEL_FENCE, MODEL_SEQ_CST, 0};      \
        (void)model_access(&site_, NULL, 0, NULL);                                                 \
    }))
#define ck_pr_fence_memory() MODEL_FULL_FENCE()
#define ck_pr_fence_atomic_load() MODEL_FULL_FENCE()
#define ck_pr_fence_store_atomic() MODEL_FULL_FENCE()
/* What x86 does by itself. */
#define ck_pr_fence_load() ((void)0)
#define ck_pr_fence_store() ((void)0)
#define ck_pr_fence_release() ((void)0)

#endif
