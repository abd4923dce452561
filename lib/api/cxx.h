/* C++'s operators new and delete, from C.
 *
 * Layer: api.  Uses: api/alignment.h, sys/report, and, where the program has one, the C++ runtime.
 *
 * Algorithm.  The operators are ordinary functions whose mangled names C can define.  What only the C++
 * runtime can do, asking for the new handler and throwing std::bad_alloc, is reached by weak references,
 * so that the library needs no libstdc++: a program without it gets a line and abort() in place of an
 * exception.  One thing C cannot do is catch what a new handler throws, which `new (std::nothrow)` must
 * turn into a null pointer; cxx_nothrow.cpp does that and nothing else.
 *
 * Who may overlap: everything.  Progress: lock-free, as long as the program's new handler is.
 * Bad at: a C program that loads C++ code by dlopen() has no C++ runtime in sight when this library is
 * linked, so running out of memory in that code aborts.
 */
#ifndef EPMALLOC_API_CXX_H
#define EPMALLOC_API_CXX_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A new handler (std::new_handler). */
typedef void ep__new_handler(void);

/* The handler in effect; NULL when there is none, or no C++ runtime. */
ep__new_handler *ep__cxx_new_handler(void);

/* After a failure: calls the new handler and tries again until there is memory; NULL when there is no
 * handler any more.  What the handler throws comes through. */
void *ep__cxx_retry(size_t size, size_t alignment);

/* The same, but NULL when the handler throws.  The program has a C++ runtime. */
void *ep__cxx_retry_nothrow(size_t size, size_t alignment);

#ifdef __cplusplus
}
#endif

#endif
