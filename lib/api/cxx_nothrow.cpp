// The one thing about C++'s operators that C cannot say: catch (...).  The rest is in cxx.c.
#include "api/cxx.h"

// What the compiler calls to catch.  Weak: a program without a C++ runtime never comes here, because it has
// no new handler that could throw.
__asm__(".weak __gxx_personality_v0\n"
        ".weak __cxa_begin_catch\n"
        ".weak __cxa_end_catch");

void *ep__cxx_retry_nothrow(size_t size, size_t alignment)
{
    try {
        return ep__cxx_retry(size, alignment);
    } catch (...) {
        return nullptr;
    }
}
