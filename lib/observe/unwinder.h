/* The compiler's unwinder, and where the code is that it must not be called from.
 *
 * Layer: observe.  Uses: dlopen(), dl_iterate_phdr().  Used by: stack.
 *
 * The library needs nothing but the C library, so the unwinder of the compiler's support library is looked for only
 * when somebody switches on what wants call stacks: first among what the program has already, then as libgcc_s.so.1.
 * Where there is none, call stacks come from frame pointers alone.
 *
 * The unwinder may take a lock of its own and allocate under it (for code that a just-in-time compiler has
 * registered).  So it is never called for an allocation that itself makes: the range of its code is kept here, and
 * whoever is called from there does without.
 *
 * Also kept: the range of our own code, whose frames nobody wants to see.  Of a shared library that is what the
 * dynamic linker says; of the static one, what lies between two symbols that its link adds.
 *
 * ep__unwinder_load() calls dlopen(), which allocates and takes the dynamic linker's lock: it is for places in which a
 * program may do so, and is the one thing in lib that does.  All else is async-signal-safe and wait-free.
 * Edges: UNW (the ranges and the functions, from the loader to all).
 */
#ifndef EPMALLOC_OBSERVE_UNWINDER_H
#define EPMALLOC_OBSERVE_UNWINDER_H

#include <stdbool.h>
#include <stdint.h>
#include <unwind.h>

/* The number that the tables have for the frame pointer's register. */
#ifdef __aarch64__
enum { EP__FRAME_POINTER = 29 };
#else
enum { EP__FRAME_POINTER = 6 };
#endif

struct unwinder {
    _Unwind_Reason_Code (*backtrace)(_Unwind_Trace_Fn visit, void *argument); /* NULL: none */
    _Unwind_Word (*get_cfa)(struct _Unwind_Context *frame);
    _Unwind_Ptr (*get_ip)(struct _Unwind_Context *frame);
    _Unwind_Word (*get_register)(struct _Unwind_Context *frame, int number);
    uintptr_t own_first; /* our code */
    uintptr_t own_limit;
    uintptr_t code_first; /* the unwinder's */
    uintptr_t code_limit;
};

/* Looks for it, once.  False: there is none. */
bool ep__unwinder_load(void);

/* What was found; NULL: nobody has looked yet. */
const struct unwinder *ep__unwinder_get(void);

static inline bool ep__unwinder_is_own(const struct unwinder *unwinder, uintptr_t pc)
{
    return pc - unwinder->own_first < unwinder->own_limit - unwinder->own_first;
}

#endif
