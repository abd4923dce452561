/* libepmalloc-urcu under a flavour of liburcu: which one the build says, by the header it includes first. */
#define URCU_API_MAP
#include HEADER_OF_FLAVOR
#include <semaphore.h>
#include <stdbool.h>

#define FLAVOR (&rcu_flavor)

static void enter_thread(void);
static void leave_thread(void);
static void hold_up(void);
static void let_go(void);
static void await_grace(void);

#include "adapters/urcu_cases.h"

static struct puppet reader;

static void enter_thread(void)
{
    rcu_register_thread();
}

static void leave_thread(void)
{
    rcu_unregister_thread();
}

static void enter_section(void *unused)
{
    (void)unused;
    rcu_register_thread();
    rcu_read_lock();
}

/* A qsbr reader is in a section until it says otherwise. */
static void leave_section(void *unused)
{
    (void)unused;
    rcu_read_unlock();
    rcu_unregister_thread();
}

static void hold_up(void)
{
    puppet_begin(&reader);
    puppet_do(&reader, enter_section, NULL);
}

static void let_go(void)
{
    puppet_do(&reader, leave_section, NULL);
    puppet_end(&reader);
}

static void await_grace(void)
{
    rcu_barrier();
}

/* The header's own names, under the flavour that the program has chosen. */
static void the_short_names_are_the_flavours(void)
{
    enter_thread();
    assert_int_equal(ep_free_rcu(ep_malloc(10)), 0);
    assert_int_equal(ep_defer_rcu(count_call, &calls), 0);
    assert_int_equal(ep_rcu_poll(), 2);
    ep_rcu_barrier();
    assert_int_equal(calls, 1);
    leave_thread();
}

int main(void)
{
    const struct CMUnitTest tests[] = {alone(the_short_names_are_the_flavours)};
    return run_cases() + cmocka_run_group_tests(tests, NULL, NULL);
}
