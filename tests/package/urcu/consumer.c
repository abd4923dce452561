/* Frees under the flavour of liburcu that the build chooses by its header; ends with 0 when that has happened. */
#include HEADER_OF_FLAVOR
#include <epmalloc-urcu.h>
#include <stdlib.h>

static int called;

static void note(void *argument)
{
    *(int *)argument = 1;
}

int main(void)
{
    rcu_register_thread();
    if (ep_free_rcu(malloc(100)) != 0 || ep_defer_rcu(note, &called) != 0 || ep_rcu_poll() != 2)
        return 1;
    ep_rcu_barrier();
    rcu_unregister_thread();
    return called ? 0 : 2;
}
