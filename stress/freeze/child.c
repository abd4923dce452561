/* The process under test: its main thread stages operations and starts one victim after the other (freeze.h). */
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "freeze/burst.h"
#include "freeze/operations.h"

enum { STACK_BYTES = 256 << 10 };

static struct freeze_shared *shared;
static const struct freeze_operation *operation;
static pthread_key_t late_key;

unsigned freeze_victim_number;

int freeze_tid(void)
{
    return (int)syscall(SYS_gettid);
}

bool freeze_thread(void *(*body)(void *), void *argument, pthread_t *thread)
{
    pthread_attr_t attributes;
    (void)pthread_attr_init(&attributes);
    (void)pthread_attr_setstacksize(&attributes, STACK_BYTES);
    bool is_made = pthread_create(thread, &attributes, body, argument) == 0;
    (void)pthread_attr_destroy(&attributes);
    return is_made;
}

static void *run_body(void *body)
{
    (*(void (**)(void))body)();
    return NULL;
}

void freeze_elsewhere(void (*body)(void))
{
    pthread_t thread;
    if (freeze_thread(run_body, (void *)&body, &thread))
        (void)pthread_join(thread, NULL);
}

/* The driver sees the signal before it is delivered, drops it, and steps from here. */
static void begin_steps(void)
{
    /* order: relaxed -- the driver reads it while the thread stands still */
    ep__store_relaxed(&shared->inside, 1);
    (void)syscall(SYS_tgkill, getpid(), freeze_tid(), SIGTRAP);
}

static void end_steps(void)
{
    /* order: relaxed -- see begin_steps */
    ep__store_relaxed(&shared->inside, 0);
}

static void run_stepped(void)
{
    begin_steps();
    operation->run();
    end_steps();
}

/* Of a key made after the allocator's, so that it runs after the allocator's destructor. */
static void run_late(void *unused)
{
    (void)unused;
    run_stepped();
}

/* Blocks of many classes for the others to free: the victim's, or the main thread's where the victim is to be new. */
static void make_past(void)
{
    enum { BLOCKS = 2400 };
    static const size_t sizes[] = {16, 64, 200, 500, 1000, 2048, 600, 1500};
    for (unsigned i = 0; i < BLOCKS; i++)
        freeze_give(malloc(sizes[i % 8]));
}

static void wait_for_driver(uint32_t number)
{
    /* order: relaxed -- carried by `ready` */
    ep__store_relaxed(&shared->victim, freeze_tid());
    /* order: release -- pairs with the driver's wait; carries the thread's number */
    ep__store_release(&shared->ready, number);
    /* order: acquire -- pairs with the driver, which has seized the thread */
    while (ep__load_acquire(&shared->seized) != number)
        (void)sched_yield();
}

static void *victim(void *unused)
{
    wait_for_driver(freeze_victim_number);
    if (!operation->has_no_past)
        make_past();
    if (operation->prepare != NULL)
        operation->prepare();
    if (operation->way == FREEZE_DESTRUCTOR) {
        (void)pthread_setspecific(late_key, shared);
        return NULL;
    }
    if (operation->way == FREEZE_DEATH) {
        begin_steps();
        return unused;
    }
    run_stepped();
    if (operation->finish != NULL)
        operation->finish();
    return unused;
}

/* Frees what the others gave and the victim did not take, and what the operation keeps. */
static void clear_up(void)
{
    void *p;
    while ((p = freeze_ring_take(FREEZE_TO_VICTIM)) != NULL)
        free(p);
    freeze_put_mine();
    freeze_put_staged();
}

static void run_victims(unsigned first, unsigned last)
{
    freeze_burst_start(shared, operation->way == FREEZE_CHILD);
    for (freeze_victim_number = first; freeze_victim_number <= last; freeze_victim_number++) {
        pthread_t thread;
        if (operation->stage != NULL)
            operation->stage();
        if (operation->has_no_past && operation->way != FREEZE_CHILD)
            make_past();
        if (!freeze_thread(victim, NULL, &thread))
            freeze_fail("no thread can be made for %s", operation->name);
        (void)pthread_join(thread, NULL);
        clear_up();
    }
    /* order: relaxed -- only waited for */
    ep__store_relaxed(&shared->ended, 1);
}

static void end_with_driver(void)
{
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    /* order: relaxed -- carried by `ready` */
    ep__store_relaxed(&shared->process, getpid());
}

/* Has allocated, and is in the kernel for ever. */
static void *bystander(void *is_there)
{
    static struct freeze_blocks blocks;
    for (size_t size = 16; size < (size_t)4 << 20; size *= 2)
        freeze_get(&blocks, size, 3);
    freeze_put(&blocks, 0, 2);
    /* order: release -- pairs with become_child */
    ep__store_release((_Atomic(uint32_t) *)is_there, 1);
    for (;;)
        (void)pause();
    return NULL;
}

/* Goes on as the child of a threaded process. */
static void become_child(void)
{
    static _Atomic(uint32_t) is_there;
    pthread_t thread;
    if (!freeze_thread(bystander, (void *)&is_there, &thread))
        freeze_fail("no thread can be made for %s", operation->name);
    /* order: acquire -- pairs with bystander */
    while (ep__load_acquire(&is_there) == 0)
        (void)sched_yield();
    int child = fork();
    if (child == 0) {
        end_with_driver();
        return;
    }
    (void)waitpid(child, NULL, 0);
    _exit(0);
}

_Noreturn void freeze_child(int page, const char *name, unsigned first, unsigned last)
{
    operation = freeze_operation_find(name);
    shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED, page, 0);
    if (operation == NULL || shared == MAP_FAILED)
        freeze_fail("--child is for stress_freeze itself");
    end_with_driver();
    if (operation->way == FREEZE_CHILD)
        become_child();
    (void)pthread_key_create(&late_key, run_late);
    run_victims(first, last);
    _exit(0);
}
