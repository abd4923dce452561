/* C++'s operators new and delete.  The argument stands in cxx.h. */
#include "api/cxx.h"

#include "api/alignment.h"
#include "sys/report.h"

#define EXPORTED __attribute__((visibility("default")))

/* std::get_new_handler() and std::__throw_bad_alloc(), in programs that have a C++ runtime. */
__attribute__((weak)) ep__new_handler *_ZSt15get_new_handlerv(void);
__attribute__((weak, noreturn)) void _ZSt17__throw_bad_allocv(void);

/* std::nothrow_t; only ever named. */
struct nothrow;

void *_Znwm(size_t size);
void *_Znam(size_t size);
void *_ZnwmSt11align_val_t(size_t size, size_t alignment);
void *_ZnamSt11align_val_t(size_t size, size_t alignment);
void *_ZnwmRKSt9nothrow_t(size_t size, const struct nothrow *tag);
void *_ZnamRKSt9nothrow_t(size_t size, const struct nothrow *tag);
void *_ZnwmSt11align_val_tRKSt9nothrow_t(size_t size, size_t alignment, const struct nothrow *tag);
void *_ZnamSt11align_val_tRKSt9nothrow_t(size_t size, size_t alignment, const struct nothrow *tag);
void _ZdlPv(void *p);
void _ZdaPv(void *p);
void _ZdlPvm(void *p, size_t size);
void _ZdaPvm(void *p, size_t size);
void _ZdlPvSt11align_val_t(void *p, size_t alignment);
void _ZdaPvSt11align_val_t(void *p, size_t alignment);
void _ZdlPvmSt11align_val_t(void *p, size_t size, size_t alignment);
void _ZdaPvmSt11align_val_t(void *p, size_t size, size_t alignment);
void _ZdlPvRKSt9nothrow_t(void *p, const struct nothrow *tag);
void _ZdaPvRKSt9nothrow_t(void *p, const struct nothrow *tag);
void _ZdlPvSt11align_val_tRKSt9nothrow_t(void *p, size_t alignment, const struct nothrow *tag);
void _ZdaPvSt11align_val_tRKSt9nothrow_t(void *p, size_t alignment, const struct nothrow *tag);

ep__new_handler *ep__cxx_new_handler(void)
{
    return _ZSt15get_new_handlerv == NULL ? NULL : _ZSt15get_new_handlerv();
}

/* An alignment that is no power of two is undefined for the operators; it is rounded up. */
static inline void *allocate(size_t size, size_t alignment)
{
    alignment = ep__alignment_round_up(alignment);
    return alignment == 0 ? NULL : ep__fast_aligned(alignment, size);
}

void *ep__cxx_retry(size_t size, size_t alignment)
{
    for (;;) {
        ep__new_handler *handler = ep__cxx_new_handler();
        if (handler == NULL)
            return NULL;
        handler();
        void *p = allocate(size, alignment);
        if (p != NULL)
            return p;
    }
}

/* The throwing operators' end when there was no memory. */
static EP__COLD void *retry_or_throw(size_t size, size_t alignment)
{
    void *p = ep__cxx_retry(size, alignment);
    if (p != NULL)
        return p;
    if (_ZSt17__throw_bad_allocv != NULL)
        _ZSt17__throw_bad_allocv();
    struct report report;
    ep__report_begin(&report);
    ep__report_text(&report, "operator new of ");
    ep__report_dec(&report, size);
    ep__report_text(&report, " bytes: no memory, and no C++ runtime to throw std::bad_alloc");
    ep__report_abort(&report);
}

/* The nothrow operators' end when there was no memory. */
static EP__COLD void *retry_or_null(size_t size, size_t alignment)
{
    return ep__cxx_new_handler() == NULL ? NULL : ep__cxx_retry_nothrow(size, alignment);
}

/* The head of a small class's list; NULL where ep__fast_malloc has more to do.  Apart from it, so that the
 * operators end in a jump to what keeps the size for a failure, and need no stack frame themselves. */
EP__INLINE void *pop_small(size_t size)
{
    if (ep__unlikely(size > EP__SMALL_BYTES_MAX))
        return NULL;
    size = (size + 15) >> 4;
    struct block *block = ep__tls.heads[size];
    if (ep__likely(block != NULL))
        ep__tls.heads[size] = block->next;
    return block;
}

static EP__NOINLINE void *allocate_or_throw(size_t size)
{
    void *p = ep__fast_malloc(size);
    return ep__likely(p != NULL) ? p : retry_or_throw(size, 1);
}

static EP__NOINLINE void *allocate_or_null(size_t size)
{
    void *p = ep__fast_malloc(size);
    return ep__likely(p != NULL) ? p : retry_or_null(size, 1);
}

EP__INLINE void *new_or_throw(size_t size)
{
    void *p = pop_small(size);
    return ep__likely(p != NULL) ? p : allocate_or_throw(size);
}

EP__INLINE void *new_or_null(size_t size)
{
    void *p = pop_small(size);
    return ep__likely(p != NULL) ? p : allocate_or_null(size);
}

static inline void *new_aligned_or_throw(size_t size, size_t alignment)
{
    void *p = allocate(size, alignment);
    return ep__likely(p != NULL) ? p : retry_or_throw(size, alignment);
}

static inline void *new_aligned_or_null(size_t size, size_t alignment)
{
    void *p = allocate(size, alignment);
    return ep__likely(p != NULL) ? p : retry_or_null(size, alignment);
}

EXPORTED void *_Znwm(size_t size)
{
    return new_or_throw(size);
}

EXPORTED void *_Znam(size_t size)
{
    return new_or_throw(size);
}

EXPORTED void *_ZnwmRKSt9nothrow_t(size_t size, const struct nothrow *tag)
{
    (void)tag;
    return new_or_null(size);
}

EXPORTED void *_ZnamRKSt9nothrow_t(size_t size, const struct nothrow *tag)
{
    (void)tag;
    return new_or_null(size);
}

EXPORTED void *_ZnwmSt11align_val_t(size_t size, size_t alignment)
{
    return new_aligned_or_throw(size, alignment);
}

EXPORTED void *_ZnamSt11align_val_t(size_t size, size_t alignment)
{
    return new_aligned_or_throw(size, alignment);
}

EXPORTED void *_ZnwmSt11align_val_tRKSt9nothrow_t(size_t size, size_t alignment,
                                                  const struct nothrow *tag)
{
    (void)tag;
    return new_aligned_or_null(size, alignment);
}

EXPORTED void *_ZnamSt11align_val_tRKSt9nothrow_t(size_t size, size_t alignment,
                                                  const struct nothrow *tag)
{
    (void)tag;
    return new_aligned_or_null(size, alignment);
}

EXPORTED void _ZdlPv(void *p)
{
    ep__fast_free(p);
}

EXPORTED void _ZdaPv(void *p)
{
    ep__fast_free(p);
}

EXPORTED void _ZdlPvm(void *p, size_t size)
{
    ep__fast_free_sized(p, size);
}

EXPORTED void _ZdaPvm(void *p, size_t size)
{
    ep__fast_free_sized(p, size);
}

EXPORTED void _ZdlPvSt11align_val_t(void *p, size_t alignment)
{
    (void)alignment;
    ep__fast_free(p);
}

EXPORTED void _ZdaPvSt11align_val_t(void *p, size_t alignment)
{
    (void)alignment;
    ep__fast_free(p);
}

EXPORTED void _ZdlPvmSt11align_val_t(void *p, size_t size, size_t alignment)
{
    (void)alignment;
    ep__fast_free_sized(p, size);
}

EXPORTED void _ZdaPvmSt11align_val_t(void *p, size_t size, size_t alignment)
{
    (void)alignment;
    ep__fast_free_sized(p, size);
}

EXPORTED void _ZdlPvRKSt9nothrow_t(void *p, const struct nothrow *tag)
{
    (void)tag;
    ep__fast_free(p);
}

EXPORTED void _ZdaPvRKSt9nothrow_t(void *p, const struct nothrow *tag)
{
    (void)tag;
    ep__fast_free(p);
}

EXPORTED void _ZdlPvSt11align_val_tRKSt9nothrow_t(void *p, size_t alignment,
                                                  const struct nothrow *tag)
{
    (void)alignment;
    (void)tag;
    ep__fast_free(p);
}

EXPORTED void _ZdaPvSt11align_val_tRKSt9nothrow_t(void *p, size_t alignment,
                                                  const struct nothrow *tag)
{
    (void)alignment;
    (void)tag;
    ep__fast_free(p);
}
