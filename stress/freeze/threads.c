/* Operations of threads and processes (operations.h). */
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "freeze/burst.h"
#include "freeze/operations.h"

static struct freeze_blocks *const mine = &freeze_mine;
static struct freeze_blocks *const staged = &freeze_staged;

static void run_birth(void)
{
    freeze_get(mine, 100, 2);
    freeze_get(mine, 3000, 2);
}

static void *sleep_for_ever(void *is_there)
{
    free(malloc(100));
    /* order: release -- pairs with stage_crowd */
    ep__store_release((_Atomic(uint32_t) *)is_there, 1);
    for (;;)
        (void)pause();
    return NULL;
}

/* So many threads that the victim's control block, or that of one soon after it, is the first of a new mapping. */
static void stage_crowd(void)
{
    for (unsigned i = 0; i < 61 + freeze_victim_number; i++) {
        _Atomic(uint32_t) is_there = 0;
        pthread_t thread;
        if (!freeze_thread(sleep_for_ever, (void *)&is_there, &thread))
            continue;
        /* order: acquire -- pairs with sleep_for_ever */
        while (ep__load_acquire(&is_there) == 0)
            (void)sched_yield();
    }
}

static void stage_blocks(void)
{
    freeze_get(staged, 100, 10);
    freeze_get(staged, 3000, 10);
}

/* Pools in every state, batches, and a huge block that waits for a grace period. */
static void have_everything(void)
{
    for (size_t size = 16; size <= 32768; size *= 2)
        freeze_get(mine, size - 3, 40);
    freeze_put(mine, 0, 2);
    freeze_put(staged, 0, 3);
    for (unsigned i = 0; i < 30; i++)
        freeze_give(malloc(1000));
    free(malloc((size_t)9 << 20));
}

static void leave_partial_pools(void)
{
    freeze_get(staged, 100, 300);
    freeze_get(staged, 3000, 60);
    freeze_put(staged, 0, 2);
}

static void stage_partial_pools(void)
{
    freeze_elsewhere(leave_partial_pools);
}

static void run_late(void)
{
    freeze_get(mine, 100, 3);
    freeze_get(mine, 3000, 2);
    freeze_get(mine, 5300, 2);
    freeze_get(mine, 11000, 1);
    freeze_get(mine, 50000, 1);
    freeze_get(mine, (size_t)2 << 20, 1);
    freeze_put_all(mine);
    freeze_put_all(staged);
}

static void *live_briefly(void *unused)
{
    free(malloc(100));
    return unused;
}

static void run_creation(void)
{
    pthread_t thread;
    if (freeze_thread(live_briefly, NULL, &thread))
        (void)pthread_join(thread, NULL);
}

static void run_fork(void)
{
    int child = fork();
    if (child == 0) {
        free(malloc(100));
        (void)syscall(SYS_exit_group, 0);
    }
    if (child > 0)
        (void)waitpid(child, NULL, 0);
    free(malloc(100));
}

static void run_mixture(void)
{
    freeze_get(mine, 2048, 40);
    freeze_get(mine, 100000, 2);
    freeze_get(mine, (size_t)2 << 20, 1);
    freeze_put_all(mine);
    freeze_put_all(staged);
}

/* What a child finds: the others' pools, ids and sections. */
static void run_in_child(void)
{
    freeze_get(mine, 100, 10);
    freeze_get(mine, 2048, 40);
    freeze_get(mine, 100000, 2);
    freeze_put_all(mine);
    freeze_trim();
}

const struct freeze_operation freeze_threads[] = {
    {.name = "birth", .run = run_birth, .has_no_past = true},
    {.name = "birth_fresh",
     .run = run_birth,
     .has_no_past = true,
     .is_fresh = true,
     .first_bursts = 200},
    {.name = "birth_in_crowd",
     .stage = stage_crowd,
     .run = run_birth,
     .has_no_past = true,
     .is_fresh = true,
     .first_bursts = 200},
    {.name = "birth_by_free", .stage = stage_blocks, .run = freeze_put_staged, .has_no_past = true},
    {.name = "exit", .stage = stage_blocks, .prepare = have_everything, .way = FREEZE_DEATH},
    {.name = "after_exit", .stage = stage_partial_pools, .run = run_late, .way = FREEZE_DESTRUCTOR},
    {.name = "create", .run = run_creation},
    {.name = "fork", .run = run_fork},
    {.name = "beside_forks", .stage = stage_blocks, .run = run_mixture, .is_forked_by = true},
    {.name = "in_child",
     .run = run_in_child,
     .way = FREEZE_CHILD,
     .has_no_past = true,
     .is_fresh = true,
     .first_bursts = 600},
    {.name = "in_strict_child",
     .run = run_in_child,
     .way = FREEZE_CHILD,
     .has_no_past = true,
     .is_fresh = true,
     .first_bursts = 600,
     .options = "fork:strict"},
    {.name = NULL},
};
