/* Call stacks: lib/observe/stack.c. */
#include "unit/alone.h"

#include <pthread.h>
#include <sys/mman.h>

#include "observe/stack.h"
#include "observe/unwinder.h"
#include "sys/vm.h"

#define KEEPS_RECORDS __attribute__((noinline, optimize("no-omit-frame-pointer")))
#define KEEPS_NONE                                                                                 \
    __attribute__((noinline, optimize("omit-frame-pointer", "no-optimize-sibling-calls")))

static uintptr_t frames[EP__STACK_FRAMES_MAX];
static unsigned count;

/* Whether a return address lies in a function, which must be short. */
static bool is_in(uintptr_t pc, void *function)
{
    return pc - (uintptr_t)function < 512;
}

KEEPS_RECORDS static void capture(void)
{
    count = ep__stack_capture(frames, EP__STACK_FRAMES_MAX, ep__stack_anchor());
}

KEEPS_NONE static void outer_without(void);
KEEPS_NONE static void inner_without(void)
{
    capture();
    __asm__ volatile("");
}

/* A caller that uses the frame pointer's register for something else. */
KEEPS_NONE static void outer_without(void)
{
    inner_without();
    __asm__ volatile("");
}

KEEPS_RECORDS static void inner_with(void)
{
    capture();
    __asm__ volatile("");
}

KEEPS_RECORDS static void outer_with(void)
{
    inner_with();
    __asm__ volatile("");
}

static void the_first_frame_is_the_callers(void)
{
    ep__stack_prepare();
    outer_without();
    assert_true(count > 3);
    assert_true(is_in(frames[0], (void *)inner_without));
    assert_true(is_in(frames[1], (void *)outer_without));
    assert_true(is_in(frames[2], (void *)the_first_frame_is_the_callers));
}

static void no_more_frames_than_asked_for_are_written(void)
{
    ep__stack_prepare();
    frames[2] = 4711;
    count = ep__stack_capture(frames, 2, ep__stack_anchor());
    assert_int_equal(count, 2);
    assert_int_equal(frames[2], 4711);
}

static void without_an_unwinder_records_are_followed(void)
{
    outer_with();
    assert_true(count >= 3);
    assert_true(is_in(frames[0], (void *)inner_with));
    assert_true(is_in(frames[1], (void *)outer_with));
}

KEEPS_RECORDS static void *on_a_thread(void *often)
{
    for (unsigned i = 0; i < *(unsigned *)often; i++)
        outer_with();
    return NULL;
}

static void run_on_a_thread(unsigned often)
{
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, on_a_thread, &often), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
}

static void records_are_relied_on_once_they_have_agreed_often(void)
{
    ep__stack_prepare();
    run_on_a_thread(31);
    assert_false(ep__stack_trusts_records());
    run_on_a_thread(1);
    assert_true(ep__stack_trusts_records());
    run_on_a_thread(1);
    assert_true(is_in(frames[0], (void *)inner_with));
    assert_true(is_in(frames[1], (void *)outer_with));
    assert_true(is_in(frames[2], (void *)on_a_thread));
}

/* The test's framework and this program's other functions are compiled without. */
static void records_that_differ_once_are_not_used_again(void)
{
    struct frame_record lost[2] = {{0, 0}, {0, 0}};
    ep__stack_prepare();
    lost[0].pc = (uintptr_t)run_on_a_thread;
    count = ep__stack_capture(frames, EP__STACK_FRAMES_MAX, lost);
    run_on_a_thread(40);
    assert_false(ep__stack_trusts_records());
}

static void a_chain_into_nothing_ends_without_a_fault(void)
{
    size_t page = ep__vm_page_bytes();
    char *memory = mmap(NULL, 3 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    struct frame_record *first = (struct frame_record *)(void *)memory;
    struct frame_record *last = (struct frame_record *)(void *)(memory + page) - 1;
    assert_int_equal(munmap(memory + page, page), 0);
    const uintptr_t ends[] = {(uintptr_t)(memory + page),     /* not mapped */
                              (uintptr_t)(memory + page) - 8, /* half of it is not */
                              (uintptr_t)last + 4,            /* not aligned */
                              (uintptr_t)first,               /* downwards */
                              (uintptr_t)last,                /* on the spot */
                              (uintptr_t)last + (2U << 20),   /* too far */
                              0,
                              UINTPTR_MAX};
    first->caller = (uintptr_t)last;
    first->pc = 11;
    last->pc = 12;
    for (unsigned i = 0; i < sizeof ends / sizeof *ends; i++) {
        last->caller = ends[i];
        assert_int_equal(ep__stack_capture(frames, EP__STACK_FRAMES_MAX, first), 2);
        assert_int_equal(frames[0], 11);
        assert_int_equal(frames[1], 12);
    }
}

static void a_call_from_the_unwinder_itself_has_no_frames(void)
{
    ep__stack_prepare();
    struct frame_record record = {0, ep__unwinder_get()->code_first + 1};
    assert_int_equal(ep__stack_capture(frames, EP__STACK_FRAMES_MAX, &record), 0);
    assert_false(ep__stack_is_busy());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        alone(the_first_frame_is_the_callers),
        alone(no_more_frames_than_asked_for_are_written),
        alone(without_an_unwinder_records_are_followed),
        alone(records_are_relied_on_once_they_have_agreed_often),
        alone(records_that_differ_once_are_not_used_again),
        alone(a_chain_into_nothing_ends_without_a_fault),
        alone(a_call_from_the_unwinder_itself_has_no_frames),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
