/* Plain accesses, as the compiler's instrumentation for ThreadSanitizer reports them.
 *
 * The explored sources are compiled with -fsanitize=thread and linked with these functions in place of the
 * sanitizer's library, so that every plain access of memory is known: it is put back after an execution,
 * it is part of the state, and it must be ordered with other threads' accesses.
 */
#include "explore.h"
#include "fiber.h"

static void note(void *address, size_t size, bool is_write)
{
    if (!model_is_noting() || fiber_is_stack((uintptr_t)address))
        return;
    char *place = address;
    for (; size > 8; size -= 8, place += 8)
        model_plain(place, 8, is_write);
    model_plain(place, (unsigned)size, is_write);
}

#define HOOKS(size)                                                                                \
    void __tsan_read##size(void *address);                                                         \
    void __tsan_write##size(void *address);                                                        \
    void __tsan_unaligned_read##size(void *address);                                               \
    void __tsan_unaligned_write##size(void *address);                                              \
    void __tsan_read##size(void *address)                                                          \
    {                                                                                              \
        note(address, size, false);                                                                \
    }                                                                                              \
    void __tsan_write##size(void *address)                                                         \
    {                                                                                              \
        note(address, size, true);                                                                 \
    }                                                                                              \
    void __tsan_unaligned_read##size(void *address)                                                \
    {                                                                                              \
        note(address, size, false);                                                                \
    }                                                                                              \
    void __tsan_unaligned_write##size(void *address)                                               \
    {                                                                                              \
        note(address, size, true);                                                                 \
    }

HOOKS(1)
HOOKS(2)
HOOKS(4)
HOOKS(8)
HOOKS(16)

void __tsan_read_range(void *address, size_t size);
void __tsan_write_range(void *address, size_t size);
void __tsan_func_entry(void *caller);
void __tsan_func_exit(void);
void __tsan_init(void);

void __tsan_read_range(void *address, size_t size)
{
    note(address, size, false);
}

void __tsan_write_range(void *address, size_t size)
{
    note(address, size, true);
}

void __tsan_func_entry(void *caller)
{
    (void)caller;
}

void __tsan_func_exit(void)
{
}

void __tsan_init(void)
{
}

/* lib/epoch/annotate.h: what is told to the sanitizer, the explorer sees by itself. */
void __tsan_acquire(void *address);
void __tsan_release(void *address);

void __tsan_acquire(void *address)
{
    (void)address;
}

void __tsan_release(void *address)
{
    (void)address;
}
