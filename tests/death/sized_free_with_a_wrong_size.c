/* expect: exit 0 "" */
/* Harmless: the size is found in the tables, and the next blocks are as they should be. */
#include <epmalloc/epmalloc.h>
#include <string.h>

static void use(size_t size, size_t told)
{
    char *block = ep_malloc(size);
    memset(block, 1, size);
    ep_free_sized(block, told);
    block = ep_aligned_alloc(64, size);
    memset(block, 2, size);
    ep_free_aligned_sized(block, 4096, told);
}

int main(void)
{
    static const size_t sizes[] = {1, 16, 500, 5000, 40000, 700000, 5000000};
    enum { SIZES = sizeof sizes / sizeof *sizes };
    struct ep_stats account;
    for (unsigned i = 0; i < SIZES; i++)
        for (unsigned j = 0; j < SIZES; j++)
            use(sizes[i], sizes[j]);
    ep_thread_idle();
    if (ep_stats(&account, sizeof account) != 0)
        return 1;
    return account.total_bytes == account.arena_bytes && account.unaccounted_bytes == 0 ? 0 : 2;
}
