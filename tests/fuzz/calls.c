/* The interpreter of inputs (calls.h). */
#include "fuzz/calls.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fake/vm_failing.h"
#include "fuzz/oracle.h"
#include "stress/allocator.h"

enum { PLACES = 32, BATCH_MAX = 16 };

#define SIZE_BEYOND_MEMORY ((size_t)1 << 40)

struct input {
    const uint8_t *at;
    const uint8_t *end;
    struct fuzz_block places[PLACES];
    unsigned id;
    bool is_refusing; /* the system may refuse memory, so NULL is an ordinary answer */
    bool is_nested;   /* in another thread */
};

static unsigned take_byte(struct input *input)
{
    return input->at < input->end ? *input->at++ : 0;
}

static size_t take_size(struct input *input)
{
    unsigned kind = take_byte(input) % 8;
    size_t value = take_byte(input);
    value |= (size_t)take_byte(input) << 8;
    switch (kind) {
    case 3:
        return value;
    case 4:
        return value << 4;
    case 5:
        return value << 6;
    case 6:
        return value << 8;
    case 7:
        return (value & 1 ? SIZE_MAX : (size_t)PTRDIFF_MAX + 1) - value / 2;
    default:
        return value % 1025;
    }
}

static size_t take_alignment(struct input *input)
{
    return (size_t)1 << take_byte(input) % 24;
}

static struct fuzz_block *take_place(struct input *input)
{
    return &input->places[take_byte(input) % PLACES];
}

/* The broken allocators promise less: no natural alignment, and realloc to 0 is theirs to define. */
static bool is_epmalloc(void)
{
    return strcmp(stress_allocator.name, "epmalloc") == 0;
}

/* Whether NULL is an ordinary answer. */
static bool may_fail(const struct input *input, size_t size)
{
    return input->is_refusing || size >= SIZE_BEYOND_MEMORY;
}

/* Judges the answer to a request and enters the block. */
static void got(struct input *input, struct fuzz_block *block, void *start, size_t size,
                size_t alignment)
{
    fuzz_require(start != NULL || (may_fail(input, size) && errno == ENOMEM),
                 "%zu bytes at %zu: NULL, errno %d", size, alignment, errno);
    fuzz_require(start == NULL || size <= PTRDIFF_MAX, "%zu bytes: not NULL", size);
    if (start == NULL)
        return;
    *block = (struct fuzz_block){start, size, alignment, ++input->id};
    for (unsigned i = 0; i < PLACES; i++)
        fuzz_apart(block, &input->places[i]);
    fuzz_fill(block);
}

static void release(struct fuzz_block *block, unsigned way)
{
    void *start = block->start;
    fuzz_verify(block);
    block->start = NULL;
    if (way % 4 == 1 && start != NULL)
        stress_allocator.free_sized(start, block->size);
    else if (way % 4 == 2 && start != NULL)
        stress_allocator.free_aligned_sized(start, block->alignment, block->size);
    else
        stress_allocator.free(start);
}

/* --- the calls -------------------------------------------------------------------------------- */

static void call_malloc(struct input *input)
{
    struct fuzz_block *block = take_place(input);
    size_t size = take_size(input);
    release(block, 0);
    size_t alignment = is_epmalloc() && size <= 65536 ? fuzz_natural_alignment(size) : 16;
    got(input, block, stress_allocator.malloc(size), size, alignment);
}

static void call_calloc(struct input *input)
{
    struct fuzz_block *block = take_place(input);
    size_t count = take_byte(input);
    size_t size = take_size(input);
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes))
        bytes = SIZE_MAX;
    release(block, 0);
    void *start = stress_allocator.calloc(count, size);
    if (start != NULL && bytes <= PTRDIFF_MAX)
        fuzz_require_zero(start, bytes);
    got(input, block, start, bytes, 16);
}

static void call_aligned(struct input *input)
{
    struct fuzz_block *block = take_place(input);
    size_t alignment = take_alignment(input);
    size_t size = take_size(input);
    unsigned way = take_byte(input) % 3;
    void *start = NULL;
    release(block, 2);
    if (way == 0)
        start = stress_allocator.aligned_alloc(alignment, size);
    else if (way == 1)
        start = stress_allocator.memalign(alignment, size);
    else if (alignment >= sizeof(void *))
        errno = stress_allocator.posix_memalign(&start, alignment, size);
    else
        return;
    got(input, block, start, size, alignment);
}

static void call_realloc(struct input *input)
{
    struct fuzz_block *block = take_place(input);
    struct fuzz_block old = *block;
    size_t size = take_size(input);
    bool is_array = take_byte(input) % 2;
    size += size == 0 && !is_epmalloc();
    fuzz_verify(block);
    errno = 0;
    void *start = is_array ? stress_allocator.reallocarray(old.start, 1, size)
                           : stress_allocator.realloc(old.start, size);
    if (start == NULL && old.start != NULL && size != 0) {
        fuzz_require(errno == ENOMEM && may_fail(input, size), "realloc to %zu: NULL, errno %d",
                     size, errno);
        fuzz_verify(block);
        return;
    }
    block->start = NULL;
    if (old.start != NULL && size == 0) {
        fuzz_require(start == NULL && errno == 0, "realloc to 0: %p, errno %d", start, errno);
        return;
    }
    if (start != NULL)
        fuzz_verify_moved(&old, start, size);
    got(input, block, start, size, 16);
}

static void call_malloc_batch(struct input *input)
{
    struct fuzz_block *empty[BATCH_MAX];
    void *starts[BATCH_MAX];
    size_t wanted = take_byte(input) % (BATCH_MAX + 1);
    size_t size = take_size(input);
    size_t count = 0;
    for (unsigned i = 0; i < PLACES && count < wanted; i++)
        if (input->places[i].start == NULL)
            empty[count++] = &input->places[i];
    errno = 0;
    size_t had = stress_allocator.malloc_batch(size, count, starts);
    fuzz_require(had <= count, "a batch of %zu gave %zu", count, had);
    fuzz_require(had == count || (errno == ENOMEM && may_fail(input, size)),
                 "a batch of %zu gave %zu, errno %d", count, had, errno);
    for (size_t i = 0; i < had; i++)
        got(input, empty[i], starts[i], size, 16);
}

static void call_free_batch(struct input *input)
{
    void *starts[BATCH_MAX];
    unsigned first = take_byte(input);
    unsigned count = take_byte(input) % (BATCH_MAX + 1);
    for (unsigned i = 0; i < count; i++) {
        struct fuzz_block *block = &input->places[(first + i) % PLACES];
        fuzz_verify(block);
        starts[i] = block->start;
        block->start = NULL;
    }
    stress_allocator.free_batch(starts, count);
}

static void call_free(struct input *input)
{
    struct fuzz_block *block = take_place(input);
    release(block, take_byte(input));
}

/* The n-th of the system's calls to come, and those after it. */
static void call_refuse(struct input *input)
{
    unsigned first = take_byte(input);
    vm_failing_plan(first, take_byte(input));
    input->is_refusing = input->is_refusing || first != 0;
}

static void run_calls(struct input *input, unsigned most);

static void *run_in_thread(void *argument)
{
    struct input *input = argument;
    run_calls(input, 1 + take_byte(input) % 32);
    return NULL;
}

static void call_thread(struct input *input)
{
    pthread_t thread;
    if (input->is_nested)
        return;
    input->is_nested = true;
    if (pthread_create(&thread, NULL, run_in_thread, input) == 0)
        (void)pthread_join(thread, NULL);
    input->is_nested = false;
}

/* Exact where no other thread runs: the nested thread's parent has pools of its own. */
static void call_account(struct input *input)
{
    size_t live = 0;
    for (unsigned i = 0; i < PLACES; i++) {
        fuzz_verify(&input->places[i]);
        live += input->places[i].start != NULL;
    }
    if (!input->is_nested)
        fuzz_check_account(live);
}

static void run_call(struct input *input)
{
    static void (*const calls[])(struct input *) = {
        call_malloc,  call_free,         call_malloc,     call_free,   call_realloc, call_calloc,
        call_aligned, call_malloc_batch, call_free_batch, call_thread, call_account, call_refuse,
    };
    enum { CALLS = sizeof calls / sizeof *calls };
    unsigned call = take_byte(input) % (CALLS + 2);
    if (call < CALLS)
        calls[call](input);
    else if (call == CALLS)
        stress_allocator.purge();
    else
        stress_allocator.thread_idle();
}

static void run_calls(struct input *input, unsigned most)
{
    while (most-- != 0 && input->at < input->end)
        run_call(input);
}

void fuzz_run(const uint8_t *bytes, size_t size)
{
    struct input input = {.at = bytes, .end = bytes + size};
    run_calls(&input, UINT32_MAX);
    vm_failing_plan(0, 0);
    for (unsigned i = 0; i < PLACES; i++)
        release(&input.places[i], i);
    stress_allocator.thread_idle();
    fuzz_check_account(0);
}
