/* Grace periods by polling, for liburcu from 0.14.  See batch.h. */
#include "adapters/urcu/batch.h"

void ep__urcu_begin(const struct rcu_flavor_struct *flavor, struct urcu_batch *batch)
{
    batch->grace_period = flavor->update_start_poll_synchronize_rcu().grace_period_id;
}

bool ep__urcu_is_over(const struct rcu_flavor_struct *flavor, struct urcu_batch *batch)
{
    struct urcu_gp_poll_state state = {batch->grace_period};
    return flavor->update_poll_state_synchronize_rcu(state);
}
