/* The work of one allocating thread (workload.h). */
#include "workload.h"

#include <errno.h>

#include "allocator.h"
#include "harness.h"
#include "memory.h"

enum { BATCH = 64 };

/* --- sizes ------------------------------------------------------------------------------------ */

static size_t cap_size(const struct worker *worker, size_t size)
{
    return size > worker->largest ? worker->largest : size;
}

static size_t draw_any_size(struct stress_random *random)
{
    unsigned kind = (unsigned)stress_random_below(random, 1000);
    if (kind < 10)
        return stress_random_below(random, 2);
    if (kind < 450)
        return 1 + stress_random_below(random, 128);
    if (kind < 750)
        return 1 + stress_random_below(random, 512);
    if (kind < 930)
        return stress_random_size(random, 513, 8192);
    if (kind < 985)
        return stress_random_size(random, 8193, 32768);
    if (kind < 998)
        return stress_random_size(random, 32769, (size_t)1 << 20);
    return stress_random_size(random, ((size_t)1 << 20) + 1, (size_t)6 << 20);
}

static size_t draw_size(struct worker *worker)
{
    if (worker->tide.size != 0)
        return worker->tide.size;
    return cap_size(worker, draw_any_size(&worker->random));
}

static size_t draw_alignment(struct stress_random *random)
{
    unsigned kind = (unsigned)stress_random_below(random, 200);
    if (kind < 180)
        return (size_t)8 << stress_random_below(random, 10);
    if (kind < 198)
        return (size_t)8192 << stress_random_below(random, 8);
    return (size_t)2097152 << stress_random_below(random, 4);
}

static void turn_tide(struct worker *worker)
{
    static const unsigned shares[] = {240, 200, 128, 128, 60, 10};
    static const unsigned trades[] = {0, 16, 40, 120};
    struct stress_random *random = &worker->random;
    struct tide *tide = &worker->tide;
    tide->left = (unsigned)stress_random_size(random, 64, 4096);
    tide->allocate_share = shares[stress_random_below(random, 6)];
    tide->trade_share = trades[stress_random_below(random, 4)];
    tide->size = 0;
    if (stress_random_chance(random, 1, 2)) {
        size_t hot = worker->hot_sizes[stress_random_below(random, HOT_SIZES)];
        bool is_hot = hot != 0 && stress_random_chance(random, 2, 3);
        tide->size = is_hot ? hot : cap_size(worker, draw_any_size(random));
        /* A tide of one big size would be all the memory there is. */
        if (tide->size > 4096)
            tide->left = tide->left * 64 / (unsigned)(tide->size / 64) + 1;
    }
}

/* --- single operations ------------------------------------------------------------------------ */

/* True when the allocation failed and may. */
static bool failed_as_it_may(struct worker *worker, const void *start)
{
    if (start != NULL || !worker->may_fail)
        return false;
    stress_require(errno == ENOMEM, "an allocation failed with errno %d", errno);
    worker->failed++;
    return true;
}

void *stress_aligned_get(struct stress_random *random, size_t alignment, size_t size)
{
    void *start = NULL;
    unsigned kind = (unsigned)stress_random_below(random, 3);
    if (kind == 0)
        return stress_allocator.aligned_alloc(alignment, size);
    if (kind == 1 || alignment < sizeof(void *))
        return stress_allocator.memalign(alignment, size);
    errno = stress_allocator.posix_memalign(&start, alignment, size);
    return start;
}

static void allocate_aligned(struct worker *worker, struct block *block, size_t size)
{
    size_t alignment = draw_alignment(&worker->random);
    if (alignment > worker->largest)
        alignment = 64;
    stress_doing("aligned allocation");
    void *start = stress_aligned_get(&worker->random, alignment, size);
    if (!failed_as_it_may(worker, start))
        stress_block_got(block, start, size, alignment);
}

static void allocate_zeroed(struct worker *worker, struct block *block, size_t size)
{
    size_t count = 1 + stress_random_below(&worker->random, 4);
    stress_doing("calloc");
    void *start = stress_allocator.calloc(count, size / count);
    if (!failed_as_it_may(worker, start))
        stress_block_got_zeroed(block, start, size / count * count);
}

static void allocate_block(struct worker *worker, struct block *block)
{
    size_t size = draw_size(worker);
    unsigned kind = (unsigned)stress_random_below(&worker->random, 32);
    if (kind < 2) {
        allocate_zeroed(worker, block, size);
    } else if (kind == 2) {
        allocate_aligned(worker, block, size);
    } else {
        stress_doing(kind == 3 ? "realloc of NULL" : "malloc");
        void *start =
            kind == 3 ? stress_allocator.realloc(NULL, size) : stress_allocator.malloc(size);
        if (!failed_as_it_may(worker, start))
            stress_block_got(block, start, size, 1);
    }
}

static void resize_block(struct worker *worker, struct block *block)
{
    struct stress_random *random = &worker->random;
    size_t size =
        stress_random_chance(random, 1, 4)
            ? cap_size(worker, draw_any_size(random))
            : cap_size(worker, block->size / 2 + stress_random_below(random, block->size + 64));
    size += size == 0;
    stress_block_leave(block);
    stress_doing("realloc");
    void *start = stress_random_chance(random, 1, 8)
                      ? stress_allocator.reallocarray(block->start, 1, size)
                      : stress_allocator.realloc(block->start, size);
    if (failed_as_it_may(worker, start))
        stress_block_stayed(block);
    else
        stress_block_resized(block, start, size);
}

/* --- several records -------------------------------------------------------------------------- */

void stress_trade(struct worker *worker, size_t i)
{
    struct exchange *exchange = worker->exchange;
    if (exchange == NULL)
        return;
    stress_doing("hand-over");
    size_t slot = stress_random_below(&worker->random, exchange->count);
    /* order: acq_rel HO -- with stress_trade() of the next and the previous owner: carries the record
     * and what its block holds.  No ABA: the exchange looks at nothing. */
    worker->table[i] = ep__exchange_acq_rel(&exchange->slots[slot], worker->table[i]);
}

static void allocate_batch(struct worker *worker, size_t first)
{
    void *starts[BATCH];
    struct block *empty[BATCH];
    size_t count = 0;
    for (size_t i = 0; i < worker->table_size && count < BATCH; i++) {
        struct block *block = worker->table[(first + i) % worker->table_size];
        if (block->start == NULL)
            empty[count++] = block;
    }
    size_t size = draw_size(worker);
    count = size > 4096 ? count / 16 : count;
    stress_doing("malloc_batch");
    size_t got = stress_allocator.malloc_batch(size, count, starts);
    stress_require(got == count || (worker->may_fail && got < count),
                   "malloc_batch of %zu gave %zu blocks", count, got);
    worker->failed += got != count;
    for (size_t i = 0; i < got; i++)
        stress_block_got(empty[i], starts[i], size, 1);
}

static void free_batch(struct worker *worker, size_t first)
{
    void *starts[BATCH];
    size_t count = 0;
    size_t wanted = 1 + stress_random_below(&worker->random, BATCH);
    for (size_t i = 0; i < worker->table_size && count < wanted; i++) {
        struct block *block = worker->table[(first + i) % worker->table_size];
        if (block->start != NULL)
            starts[count++] = stress_block_give(block);
    }
    stress_doing("free_batch");
    stress_allocator.free_batch(starts, count);
}

/* Beside running threads the account is only a picture, but one that a walker has come back with. */
static void read_account(void)
{
    struct ep_stats account;
    stress_doing("account");
    if (!stress_allocator.account(&account))
        return;
    stress_require(account.uncertain_bytes <= account.in_use_bytes,
                   "account: %zu of %zu bytes in use are uncertain", account.uncertain_bytes,
                   account.in_use_bytes);
}

static void do_rare_thing(struct worker *worker, size_t at)
{
    unsigned kind = (unsigned)stress_random_below(&worker->random, 256);
    if (kind < 128) {
        allocate_batch(worker, at);
    } else if (kind < 250) {
        free_batch(worker, at);
    } else if (kind < 254) {
        stress_doing("thread_idle");
        stress_allocator.thread_idle();
    } else if (kind == 254) {
        stress_doing("purge");
        stress_allocator.purge();
    } else {
        read_account();
    }
}

static void work_on_record(struct worker *worker, size_t i)
{
    struct stress_random *random = &worker->random;
    struct block *block = worker->table[i];
    bool allocate = stress_random_chance(random, worker->tide.allocate_share, 256);
    if (block->start == NULL) {
        if (allocate)
            allocate_block(worker, block);
    } else if (!allocate) {
        stress_record_free(block, random);
    } else if (stress_random_chance(random, 1, 8)) {
        resize_block(worker, block);
    } else {
        stress_block_verify(block);
    }
}

void stress_work_step(struct worker *worker)
{
    struct stress_random *random = &worker->random;
    if (worker->tide.left == 0)
        turn_tide(worker);
    worker->tide.left--;
    worker->operations++;
    size_t i = stress_random_below(random, worker->table_size);
    unsigned kind = (unsigned)stress_random_below(random, 256);
    if (kind < 2)
        do_rare_thing(worker, i);
    else if (kind < 2 + worker->tide.trade_share)
        stress_trade(worker, i);
    else
        work_on_record(worker, i);
}

void stress_work(struct worker *worker, uint64_t operations)
{
    for (uint64_t i = 0; i < operations; i++)
        stress_work_step(worker);
}
