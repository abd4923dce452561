/* In place of liburcu's header of the same name: a flavour as liburcu 0.14 has it, of what the adapter uses. */
#ifndef _URCU_FLAVOR_H
#define _URCU_FLAVOR_H

#include <stdbool.h>

struct rcu_head;

struct urcu_gp_poll_state {
    unsigned long grace_period_id;
};

struct rcu_flavor_struct {
    void (*update_call_rcu)(struct rcu_head *head, void (*func)(struct rcu_head *head));
    void (*barrier)(void);
    struct urcu_gp_poll_state (*update_start_poll_synchronize_rcu)(void);
    bool (*update_poll_state_synchronize_rcu)(struct urcu_gp_poll_state state);
};

#endif
