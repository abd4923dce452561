/* epmalloc with a lock in one of its slow paths: stress_freeze must find it.
 *
 * Linked with the library's own objects and --wrap, so that each call between two of its files comes by here.
 * STRESS_FAULT names the function that is called under a spin lock, "none" or nothing: no lock. */
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "arena/arena.h"
#include "arena/huge.h"
#include "arena/retire.h"
#include "cache/ids.h"
#include "pool/partial.h"
#include "pool/pool.h"
#include "pool/run.h"
#include "sys/atomic.h"

enum fault {
    ARENA_ACQUIRE,
    ARENA_RELEASE,
    HUGE_ALLOC,
    HUGE_FREE,
    RETIRE_PURGE_ALL,
    IDS_TAKE,
    PARTIAL_CLAIM,
    POOL_PUSH_REMOTE,
    FAULTS
};

static const char *const faults[FAULTS] = {"arena_acquire", "arena_release",    "huge_alloc",
                                           "huge_free",     "retire_purge_all", "ids_take",
                                           "partial_claim", "pool_push_remote"};

bool __real_ep__arena_acquire(unsigned count, unsigned align, struct slots *got);
void __real_ep__arena_release(struct arena *arena, unsigned first, unsigned count);
void *__real_ep__huge_alloc(size_t bytes, size_t alignment, bool *is_zero);
bool __real_ep__huge_free(void *p, struct epoch_record *record);
size_t __real_ep__retire_purge_all(struct epoch_record *record);
bool __real_ep__ids_take(uint32_t *id);
struct pool *__real_ep__partial_claim(unsigned class, bool is_sweep, struct block **chain);
enum ep__push_result __real_ep__pool_push_remote(const struct batch *batch, bool adopt);

bool __wrap_ep__arena_acquire(unsigned count, unsigned align, struct slots *got);
void __wrap_ep__arena_release(struct arena *arena, unsigned first, unsigned count);
void *__wrap_ep__huge_alloc(size_t bytes, size_t alignment, bool *is_zero);
bool __wrap_ep__huge_free(void *p, struct epoch_record *record);
size_t __wrap_ep__retire_purge_all(struct epoch_record *record);
bool __wrap_ep__ids_take(uint32_t *id);
struct pool *__wrap_ep__partial_claim(unsigned class, bool is_sweep, struct block **chain);
enum ep__push_result __wrap_ep__pool_push_remote(const struct batch *batch, bool adopt);

static _Atomic(int) locked;

/* Inside a thread's own locked call another may come: purge calls what releases. */
static _Thread_local unsigned depth __attribute__((tls_model("initial-exec")));

/* Environment strings do not move, and nobody changes this one. */
static bool is_chosen(enum fault fault)
{
    const char *chosen = getenv("STRESS_FAULT");
    return chosen != NULL && strcmp(chosen, faults[fault]) == 0;
}

static bool lock(enum fault fault)
{
    if (!is_chosen(fault))
        return false;
    int open = 0;
    /* order: acquire -- pairs with unlock; the fault itself */
    while (depth == 0 && !ep__cas_strong_acquire(&locked, &open, 1))
        open = 0;
    depth++;
    return true;
}

static void unlock(bool is_locked)
{
    if (!is_locked || --depth != 0)
        return;
    /* order: release -- pairs with lock */
    ep__store_release(&locked, 0);
}

bool __wrap_ep__arena_acquire(unsigned count, unsigned align, struct slots *got)
{
    bool is_locked = lock(ARENA_ACQUIRE);
    bool result = __real_ep__arena_acquire(count, align, got);
    unlock(is_locked);
    return result;
}

void __wrap_ep__arena_release(struct arena *arena, unsigned first, unsigned count)
{
    bool is_locked = lock(ARENA_RELEASE);
    __real_ep__arena_release(arena, first, count);
    unlock(is_locked);
}

void *__wrap_ep__huge_alloc(size_t bytes, size_t alignment, bool *is_zero)
{
    bool is_locked = lock(HUGE_ALLOC);
    void *result = __real_ep__huge_alloc(bytes, alignment, is_zero);
    unlock(is_locked);
    return result;
}

bool __wrap_ep__huge_free(void *p, struct epoch_record *record)
{
    bool is_locked = lock(HUGE_FREE);
    bool result = __real_ep__huge_free(p, record);
    unlock(is_locked);
    return result;
}

size_t __wrap_ep__retire_purge_all(struct epoch_record *record)
{
    bool is_locked = lock(RETIRE_PURGE_ALL);
    size_t result = __real_ep__retire_purge_all(record);
    unlock(is_locked);
    return result;
}

bool __wrap_ep__ids_take(uint32_t *id)
{
    bool is_locked = lock(IDS_TAKE);
    bool result = __real_ep__ids_take(id);
    unlock(is_locked);
    return result;
}

struct pool *__wrap_ep__partial_claim(unsigned class, bool is_sweep, struct block **chain)
{
    bool is_locked = lock(PARTIAL_CLAIM);
    struct pool *result = __real_ep__partial_claim(class, is_sweep, chain);
    unlock(is_locked);
    return result;
}

enum ep__push_result __wrap_ep__pool_push_remote(const struct batch *batch, bool adopt)
{
    bool is_locked = lock(POOL_PUSH_REMOTE);
    enum ep__push_result result = __real_ep__pool_push_remote(batch, adopt);
    unlock(is_locked);
    return result;
}
