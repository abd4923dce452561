/* Grace periods by call_rcu.  See batch.h. */
#include "adapters/urcu/batch.h"

static void mark_over(struct rcu_head *head)
{
    struct urcu_batch *batch = caa_container_of(head, struct urcu_batch, head);
    /* order: release URO -- pairs with ep__urcu_is_over; passes on what liburcu has waited for.  The batch may be gone
     * after it */
    ep__store_release(&batch->is_over, true);
}

void ep__urcu_begin(const struct rcu_flavor_struct *flavor, struct urcu_batch *batch)
{
    flavor->update_call_rcu(&batch->head, mark_over);
}

bool ep__urcu_is_over(const struct rcu_flavor_struct *flavor, struct urcu_batch *batch)
{
    (void)flavor;
    /* order: acquire URO -- pairs with mark_over */
    return ep__load_acquire(&batch->is_over);
}
