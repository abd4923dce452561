/* epmalloc's schemes: its own sections, and liburcu's with libepmalloc-urcu. */
#define _LGPL_SOURCE
#define URCU_API_MAP
#include <epmalloc-urcu.h>
#include <epmalloc/epmalloc.h>
#include <stdlib.h>
#include <urcu/urcu-memb.h>

#include "reclaim.h"

static void begin_own(unsigned thread)
{
    (void)thread;
}

static void end_own(void)
{
    ep_thread_idle();
}

static void retire_own(void *node)
{
    if (ep_free_deferred(node) != 0) {
        (void)ep_epoch_barrier();
        ep_free(node);
    }
}

static void drain_own(void)
{
    (void)ep_epoch_barrier();
}

static size_t waiting_own(void)
{
    struct ep_epoch_stats stats;
    return ep_epoch_stats(&stats, sizeof stats) == 0 ? stats.waiting_bytes : 0;
}

static void begin_rcu(unsigned thread)
{
    (void)thread;
    rcu_register_thread();
}

static void end_rcu(void)
{
    rcu_unregister_thread();
}

static void enter_rcu(void)
{
    rcu_read_lock();
}

static void leave_rcu(void)
{
    rcu_read_unlock();
}

static void retire_rcu(void *node)
{
    if (ep_free_rcu(node) != 0)
        abort();
}

static void drain_rcu(void)
{
    rcu_register_thread();
    ep_rcu_barrier();
    rcu_unregister_thread();
}

const struct scheme reclaim_schemes[] = {
    {"ep_free_deferred", 0, begin_own, end_own, ep_epoch_enter, ep_epoch_exit, retire_own,
     drain_own, waiting_own},
    {"ep_free_rcu", 0, begin_rcu, end_rcu, enter_rcu, leave_rcu, retire_rcu, drain_rcu, NULL},
    {.name = NULL},
};
