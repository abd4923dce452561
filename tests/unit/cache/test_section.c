/* Sections of the program, also of threads without a control block, and over forks: lib/cache/section.c. */
#include "unit/alone.h"

#include "cache/section.h"
#include "unit/caches.h"
#include "unit/thread.h"

static bool is_over_now(uint64_t goal)
{
    (void)ep__grace_poll(ep__fork_look(ep__tls.cache));
    return ep__grace_is_over(goal);
}

static void enter(void *unused)
{
    (void)unused;
    ep__section_enter();
}

static void leave(void *unused)
{
    (void)unused;
    ep__section_exit();
}

static void a_section_can_be_a_threads_first_call(void)
{
    assert_false(ep__section_is_inside());
    ep__section_enter();
    assert_non_null(ep__tls.cache);
    assert_true(ep__section_is_inside());
    uint64_t goal = ep__grace_begin();
    assert_false(is_over_now(goal));
    ep__section_exit();
    assert_false(ep__section_is_inside());
    assert_true(is_over_now(goal));
}

static void another_threads_section_is_waited_for(void)
{
    struct puppet reader;
    puppet_begin(&reader);
    puppet_do(&reader, enter, NULL);
    uint64_t goal = ep__grace_begin();
    assert_false(is_over_now(goal));
    puppet_do(&reader, leave, NULL);
    assert_true(is_over_now(goal));
    puppet_end(&reader);
}

static void a_thread_that_ends_in_a_section_is_not_waited_for(void)
{
    struct puppet reader;
    puppet_begin(&reader);
    puppet_do(&reader, enter, NULL);
    uint64_t goal = ep__grace_begin();
    puppet_end(&reader);
    assert_true(is_over_now(goal));
}

static void leave_too_often(void *unused)
{
    (void)unused;
    ep__section_enter();
    ep__section_exit();
    ep__section_exit();
}

static void an_exit_without_an_enter_aborts(void)
{
    assert_true(aborts_saying(leave_too_often, NULL, "ep_epoch_exit() without ep_epoch_enter()"));
}

/* The calling thread gets no control block, as after its exit. */
static void do_without_block(void *unused)
{
    (void)unused;
    ep__tls.has_exited = 1;
}

static void a_thread_without_a_control_block_is_waited_for_as_well(void)
{
    struct puppet reader;
    puppet_begin(&reader);
    puppet_do(&reader, do_without_block, NULL);
    puppet_do(&reader, enter, NULL);
    puppet_do(&reader, enter, NULL);
    uint64_t goal = ep__grace_begin();
    puppet_do(&reader, leave, NULL);
    assert_false(is_over_now(goal));
    puppet_do(&reader, leave, NULL);
    assert_true(is_over_now(goal));
    puppet_end(&reader);
}

static void be_born_inside(void *unused)
{
    do_without_block(unused);
    ep__section_enter();
    assert_null(ep__tls.cache);
    ep__tls.has_exited = 0;
    ep__section_enter();
    assert_non_null(ep__tls.cache);
    ep__section_exit();
    uint64_t goal = ep__grace_begin();
    assert_false(is_over_now(goal));
    assert_true(ep__section_is_inside());
    ep__section_exit();
    assert_true(is_over_now(goal));
    assert_false(ep__section_is_inside());
}

static void a_guest_that_is_born_in_its_section_stays_in_it(void)
{
    on_thread(be_born_inside, NULL);
}

static pthread_key_t late_key;
static bool is_late_done;

/* After the allocator's own destructor. */
static void use_late(void *value)
{
    if (ep__tls.cache != NULL) {
        pthread_setspecific(late_key, value);
        return;
    }
    ep__section_enter();
    uint64_t goal = ep__grace_begin();
    assert_false(is_over_now(goal));
    ep__section_exit();
    assert_true(is_over_now(goal));
    /* Of a section that the thread's exit has ended. */
    ep__section_exit();
    is_late_done = true;
}

static void enter_and_use_late(void *unused)
{
    (void)unused;
    ep__section_enter();
    pthread_setspecific(late_key, &late_key);
}

static void a_thread_enters_after_its_own_exit(void)
{
    pthread_key_create(&late_key, use_late);
    on_thread(enter_and_use_late, NULL);
    assert_true(is_late_done);
}

static void check_own_section_in_child(void *goal)
{
    assert_true(ep__section_is_inside());
    assert_false(is_over_now(*(uint64_t *)goal));
    ep__section_exit();
    assert_true(is_over_now(*(uint64_t *)goal));
}

static void in_a_child_only_the_forking_threads_section_goes_on(void)
{
    struct puppet reader;
    puppet_begin(&reader);
    puppet_do(&reader, enter, NULL);
    ep__section_enter();
    uint64_t goal = ep__grace_begin();
    in_child(check_own_section_in_child, &goal);
    ep__section_exit();
    assert_false(is_over_now(goal));
    puppet_do(&reader, leave, NULL);
    puppet_end(&reader);
    assert_true(is_over_now(goal));
}

static void poll_in_child(void *goal)
{
    *(uint64_t *)goal = is_over_now(*(uint64_t *)goal);
}

/* The first to look in the child is not the thread whose section it is. */
static void check_section_by_another(void *goal)
{
    uint64_t answer = *(uint64_t *)goal;
    on_thread(poll_in_child, &answer);
    assert_int_equal(answer, 0);
    ep__section_exit();
    on_thread(poll_in_child, goal);
    assert_int_equal(*(uint64_t *)goal, 1);
}

static void the_forking_threads_section_is_seen_by_the_childs_other_threads(void)
{
    ep__section_enter();
    uint64_t goal = ep__grace_begin();
    in_child(check_section_by_another, &goal);
}

/* The forking thread looks last. */
static void check_end_of_lost_section(void *goal)
{
    uint64_t answer = *(uint64_t *)goal;
    on_thread(poll_in_child, &answer);
    assert_int_equal(answer, 0);
    assert_true(is_over_now(*(uint64_t *)goal));
    on_thread(poll_in_child, goal);
    assert_int_equal(*(uint64_t *)goal, 1);
}

/* As of a thread that a child will lack: a sanitizer lets a child of several threads make none. */
static void enter_as_another(void)
{
    static struct grace_record other;
    ep__grace_adopt_record(&other, ep__fork_look(NULL));
    ep__grace_enter(&other);
}

static void the_forking_thread_ends_the_sections_of_those_that_its_child_lacks(void)
{
    enter_as_another();
    (void)ep__thread_cache();
    uint64_t goal = ep__grace_begin();
    in_child(check_end_of_lost_section, &goal);
}

static void be_born_in_child(void *goal)
{
    uint64_t answer = *(uint64_t *)goal;
    on_thread(poll_in_child, &answer);
    assert_int_equal(answer, 0);
    assert_null(ep__tls.cache);
    assert_non_null(ep__thread_cache());
    assert_true(is_over_now(*(uint64_t *)goal));
}

static void a_forking_thread_without_a_control_block_ends_them_at_its_birth(void)
{
    enter_as_another();
    assert_null(ep__tls.cache);
    uint64_t goal = ep__grace_begin();
    in_child(be_born_in_child, &goal);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        alone(a_section_can_be_a_threads_first_call),
        alone(another_threads_section_is_waited_for),
        alone(a_thread_that_ends_in_a_section_is_not_waited_for),
        alone(an_exit_without_an_enter_aborts),
        alone(a_thread_without_a_control_block_is_waited_for_as_well),
        alone(a_guest_that_is_born_in_its_section_stays_in_it),
        alone(a_thread_enters_after_its_own_exit),
        alone(in_a_child_only_the_forking_threads_section_goes_on),
        alone(the_forking_threads_section_is_seen_by_the_childs_other_threads),
        alone(the_forking_thread_ends_the_sections_of_those_that_its_child_lacks),
        alone(a_forking_thread_without_a_control_block_ends_them_at_its_birth),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
