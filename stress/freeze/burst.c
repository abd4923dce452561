/* The burster (burst.h). */
#include "freeze/burst.h"

#include <fcntl.h>
#include <malloc.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "freeze/operations.h"

static struct freeze_shared *shared;

/* What the current burst has allocated. */
struct hand {
    unsigned count;
    void *blocks[512];
};

static struct hand hand;

void freeze_burst_step(void)
{
    /* order: relaxed -- the driver compares the count with itself */
    ep__fetch_add_relaxed(&shared->steps, 1);
}

void freeze_burst_watch(int tid)
{
    /* order: relaxed -- a stale one only delays the driver's verdict */
    ep__store_relaxed(&shared->watched, tid);
}

static void take(size_t size)
{
    void *p = malloc(size);
    if (p == NULL)
        return;
    *(volatile char *)p = 1;
    hand.blocks[hand.count++] = p;
}

static void take_some(size_t size, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        take(size);
    freeze_burst_step();
}

static void drop_all(void)
{
    while (hand.count != 0)
        free(hand.blocks[--hand.count]);
    freeze_burst_step();
}

static void do_local(void)
{
    static const size_t sizes[] = {16, 64, 120, 500, 1000, 2048, 4000, 9000, 20000};
    for (unsigned i = 0; i < sizeof sizes / sizeof *sizes; i++)
        take_some(sizes[i], 2);
    drop_all();
}

/* Frees a block of the victim's, and gives it one to free. */
static void do_remote(void)
{
    free(freeze_ring_take(FREEZE_FROM_VICTIM));
    freeze_burst_step();
    static const size_t sizes[] = {64, 1000, 4000, 500};
    static unsigned turn;
    void *gift = malloc(sizes[turn++ % 4]);
    if (!freeze_ring_put(FREEZE_TO_VICTIM, gift))
        free(gift);
    freeze_burst_step();
}

static void do_refill(void)
{
    take_some(16, 260);
    take_some(2048, 40);
    drop_all();
}

static void do_runs(void)
{
    take_some(40000, 3);
    take_some((size_t)300 << 10, 2);
    take_some((size_t)1 << 20, 1);
    drop_all();
}

static void do_huge(void)
{
    take_some((size_t)1200 << 10, 1);
    take_some((size_t)3 << 20, 2);
    drop_all();
}

static void do_resize(void)
{
    static const size_t sizes[] = {
        100, 5000, 70000, 200000, 90000, (size_t)2 << 20, (size_t)5 << 20};
    char *p = calloc(3, 11);
    for (unsigned i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        char *moved = realloc(p, sizes[i]);
        p = moved != NULL ? moved : p;
        freeze_burst_step();
    }
    free(p);
    free(memalign(4096, 100));
    free(memalign((size_t)1 << 17, (size_t)1 << 17));
    free(calloc(1, 30000));
    freeze_burst_step();
}

static void do_slots(void)
{
    take_some((size_t)1 << 20, 13);
    drop_all();
}

/* In the child of a fork; nothing of the parent's other threads exists here. */
static _Noreturn void live_as_child(void)
{
    do_local();
    do_refill();
    do_runs();
    /* order: relaxed -- only counted */
    ep__fetch_add_relaxed(&shared->children_done, 1);
    (void)syscall(SYS_exit_group, 0);
    __builtin_unreachable();
}

/* epmalloc allows any way to fork; what others promise is fork(). */
static void do_fork(void)
{
    static unsigned turn;
    /* order: relaxed -- nobody else forks */
    uint32_t before = ep__load_relaxed(&shared->children_done);
    bool is_bare = turn++ % 2 == 0 && freeze_symbol("ep_malloc") != NULL;
    int child = is_bare ? _Fork() : fork();
    if (child == 0)
        live_as_child();
    if (child < 0)
        return;
    freeze_burst_watch(child);
    /* order: relaxed -- see live_as_child */
    while (ep__load_relaxed(&shared->children_done) == before && waitpid(child, NULL, WNOHANG) == 0)
        (void)sched_yield();
    (void)waitpid(child, NULL, 0);
    freeze_burst_watch(freeze_tid());
}

/* The process's resident memory, read without the C library's streams. */
static size_t resident_bytes(void)
{
    char text[128] = {0};
    int file = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    if (file < 0 || read(file, text, sizeof text - 1) <= 0)
        return 0;
    (void)close(file);
    const char *second = strchr(text, ' ');
    return second == NULL ? 0 : strtoul(second, NULL, 10) * (size_t)sysconf(_SC_PAGESIZE);
}

static void live_through_phase(unsigned round)
{
    for (unsigned i = 0; i < 12; i++)
        take_some(((size_t)16 << i) - i, 32);
    for (unsigned i = 0; i < 8; i++)
        take_some((size_t)50000 * (i + 1), 2);
    take_some(((size_t)2 << 20) + ((size_t)round << 16), 2);
    for (unsigned i = 0; i < hand.count; i++)
        freeze_touch(hand.blocks[i], malloc_usable_size(hand.blocks[i]));
    drop_all();
    freeze_birth_call();
    void *given;
    while ((given = freeze_ring_take(FREEZE_FROM_VICTIM)) != NULL)
        free(given);
    freeze_burst_step();
}

/* Of one block; its whole size where it is smaller than a few pages. */
static size_t resident_in(void *p)
{
    enum { PAGES = 1024 };
    static unsigned char present[PAGES];
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t size = malloc_usable_size(p);
    if (size < 8 * page)
        return size;
    size_t bytes = 0;
    uintptr_t end = ((uintptr_t)p + size) & ~(page - 1);
    for (uintptr_t at = (uintptr_t)p & ~(page - 1); at < end; at += PAGES * page) {
        size_t part = end - at < PAGES * page ? end - at : PAGES * page;
        if (mincore((void *)at, part, present) != 0)
            continue;
        for (size_t i = 0; i < part / page; i++)
            bytes += (present[i] & 1U) * page;
    }
    return bytes;
}

static size_t resident_in_all(const struct freeze_blocks *blocks)
{
    size_t bytes = 0;
    for (unsigned i = 0; i < blocks->count; i++)
        if (blocks->at[i] != NULL)
            bytes += resident_in(blocks->at[i]);
    return bytes;
}

static void do_life(void)
{
    for (unsigned round = 0; round < FREEZE_ROUNDS; round++) {
        live_through_phase(round);
        freeze_idle();
        freeze_trim();
        freeze_trim();
        /* order: relaxed -- `done` carries it */
        ep__store_relaxed(&shared->rest_bytes[round], resident_bytes());
    }
    /* order: relaxed -- see above; the victim, whose blocks these are, stands still */
    ep__store_relaxed(&shared->live_bytes,
                      resident_in_all(&freeze_mine) + resident_in_all(&freeze_staged));
}

static void (*const doers[FREEZE_KINDS])(void) = {
    [FREEZE_LOCAL] = do_local,   [FREEZE_REMOTE] = do_remote,
    [FREEZE_REFILL] = do_refill, [FREEZE_RUNS] = do_runs,
    [FREEZE_HUGE] = do_huge,     [FREEZE_RESIZE] = do_resize,
    [FREEZE_SLOTS] = do_slots,   [FREEZE_IDLE] = freeze_idle,
    [FREEZE_TRIM] = freeze_trim, [FREEZE_BIRTH] = freeze_birth_call,
    [FREEZE_FORK] = do_fork,     [FREEZE_LIFE] = do_life,
};

static void do_kinds(uint32_t kinds)
{
    for (unsigned kind = 0; kind < FREEZE_KINDS; kind++) {
        if ((kinds >> kind & 1U) == 0)
            continue;
        /* order: relaxed -- only printed */
        ep__store_relaxed(&shared->doing, kind);
        doers[kind]();
    }
}

/* Spins, because a stop is to cost microseconds; gives way when nothing has come for long. */
static void *burster(void *unused)
{
    enum { SPINS = 2000 };
    uint32_t last = 0;
    freeze_burst_watch(freeze_tid());
    for (unsigned spins = 0;; spins++) {
        /* order: acquire -- pairs with the driver's request; carries the kinds */
        uint32_t wanted = ep__load_acquire(&shared->wanted);
        if (wanted == last) {
            if (spins >= SPINS)
                (void)sched_yield();
            continue;
        }
        last = wanted;
        spins = 0;
        /* order: relaxed -- carried by `wanted` */
        do_kinds(ep__load_relaxed(&shared->kinds));
        /* order: release -- pairs with the driver's wait; carries what the burst has left in the page */
        ep__store_release(&shared->done, wanted);
    }
    return unused;
}

void freeze_burst_start(struct freeze_shared *page, bool is_quiet)
{
    pthread_t thread;
    shared = page;
    if (!is_quiet)
        freeze_birth_start();
    if (!freeze_thread(burster, NULL, &thread))
        freeze_fail("no thread can be made for the bursts");
}
