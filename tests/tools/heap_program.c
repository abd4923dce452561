/* A program whose heap is known when it calls ready(): what the commands of gdb are tried on. */
#include <pthread.h>
#include <stdlib.h>

enum { BLOCKS = 200, BLOCK_BYTES = 500, RUN_BYTES = 100000, HUGE_BYTES = 3 << 20 };

void ready(void **blocks, void *run, void *huge);

void *blocks[BLOCKS];
void *of_another[BLOCKS];
void *partial[2];

__attribute__((noinline)) void ready(void **first, void *run, void *huge)
{
    __asm__ volatile("" : : "r"(first), "r"(run), "r"(huge) : "memory");
}

/* Leaves a full pool and a partial one. */
static void *leave_pools(void *unused)
{
    for (unsigned i = 0; i < BLOCKS; i++)
        of_another[i] = malloc(BLOCK_BYTES);
    partial[0] = malloc(1000);
    partial[1] = malloc(1000);
    free(partial[1]);
    return unused;
}

int main(void)
{
    pthread_t thread;
    if (pthread_create(&thread, NULL, leave_pools, NULL) != 0 || pthread_join(thread, NULL) != 0)
        return 1;
    for (unsigned i = 0; i < BLOCKS; i++)
        blocks[i] = malloc(BLOCK_BYTES);
    free(blocks[3]);
    void *run = malloc(RUN_BYTES);
    void *huge = malloc(HUGE_BYTES);
    ready(blocks, run, huge);
    return 0;
}
