/* Reachability: lib/observe/reach.c. */
#include "unit/alone.h"

#include <errno.h>
#include <pthread.h>
#include <sys/mman.h>

#include "fake/vm_failing.h"
#include "observe/reach.h"

#include <epmalloc/epmalloc.h>

enum { HIDE = -1 };

static void *volatile global;
static uintptr_t hidden[16];

/* A block whose only address is kept where it does not look like one. */
static void *hide(unsigned i, void *p)
{
    hidden[i] = (uintptr_t)p ^ (uintptr_t)HIDE;
    /* A free block's first word leads to the next one, and stays until it is overwritten. */
    *(void **)p = NULL;
    return p;
}

static bool is_reached(unsigned i)
{
    return ep__reach_is_marked((void *)(hidden[i] ^ (uintptr_t)HIDE));
}

/* No stack counts but what the test has put above. */
static void look(void)
{
    assert_int_equal(ep__reach_mark(__builtin_frame_address(0)), 0);
}

__attribute__((noinline)) static void make_chain(size_t size, unsigned first)
{
    void **inner = hide(first, ep_malloc(size));
    void **outer = hide(first + 1, ep_malloc(size));
    outer[0] = (char *)inner + size - 1; /* inside of the block */
    (void)hide(first + 2, ep_malloc(size));
    global = outer;
}

static void check_chain(size_t size)
{
    make_chain(size, 0);
    look();
    assert_true(is_reached(0));
    assert_true(is_reached(1));
    assert_false(is_reached(2));
}

static void what_a_global_leads_to_is_reached(void)
{
    check_chain(48);
}

static void runs_are_followed(void)
{
    check_chain(100000);
}

static void huge_blocks_are_followed(void)
{
    check_chain(3U << 20);
}

__attribute__((noinline)) static void make_mapped(void)
{
    void **memory = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    memory[100] = hide(0, ep_malloc(64));
    void **unreadable =
        mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    unreadable[0] = hide(1, ep_malloc(64));
    assert_int_equal(mprotect(unreadable, 4096, PROT_NONE), 0);
    ep_free(hide(2, ep_malloc(64)));
    global = NULL;
}

static void mapped_memory_is_a_root_if_it_can_be_read(void)
{
    make_mapped();
    look();
    assert_true(is_reached(0));
    assert_false(is_reached(1));
    assert_false(is_reached(2));
}

static void *wait_for_end(void *ends)
{
    char byte;
    void *volatile local = ep_malloc(64);
    (void)hide(0, local);
    assert_int_equal(write(((int *)ends)[1], "x", 1), 1);
    assert_int_equal(read(((int *)ends)[2], &byte, 1), 0);
    return local;
}

static void another_threads_stack_is_a_root(void)
{
    int there[2];
    int back[2];
    char byte;
    pthread_t thread;
    assert_int_equal(pipe(there), 0);
    assert_int_equal(pipe(back), 0);
    int ends[3] = {0, there[1], back[0]};
    assert_int_equal(pthread_create(&thread, NULL, wait_for_end, ends), 0);
    assert_int_equal(read(there[0], &byte, 1), 1);
    look();
    assert_true(is_reached(0));
    close(back[1]);
    assert_int_equal(pthread_join(thread, NULL), 0);
}

static void without_memory_it_says_so(void)
{
    assert_non_null(ep_malloc(64));
    vm_failing_plan(1, 1);
    assert_int_equal(ep__reach_mark(NULL), ENOMEM);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        alone(what_a_global_leads_to_is_reached), alone(runs_are_followed),
        alone(huge_blocks_are_followed),          alone(mapped_memory_is_a_root_if_it_can_be_read),
        alone(another_threads_stack_is_a_root),   alone(without_memory_it_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
