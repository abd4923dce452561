/* What is live, against what the allocator's account says (oracle.h). */
#include <stdio.h>

#include "allocator.h"
#include "harness.h"
#include "oracle.h"

/* Where the design draws its lines: pools to 32 KiB, runs to 1 MiB, above that own mappings; a slot is
 * 64 KiB, and an arena of 4 MiB holds every alignment up to its own size. */
static const size_t block_limit = (size_t)32 << 10;
static const size_t run_limit = (size_t)1 << 20;
static const size_t arena_bytes = (size_t)4 << 20;

void stress_tally_add(struct stress_tally *tally, const struct block *block)
{
    if (block->usable > run_limit || block->alignment > arena_bytes) {
        tally->huge++;
        tally->huge_bytes += block->usable;
    } else if (block->usable > block_limit) {
        tally->runs++;
        tally->run_bytes += block->usable;
    } else {
        tally->blocks++;
        tally->block_bytes += block->usable;
    }
}

void stress_account_say(const struct ep_stats *account)
{
    stress_say(
        "account: arenas %zu = %zu bytes; in use %zu blocks = %zu, available %zu, runs %zu = %zu",
        account->arenas, account->arena_bytes, account->blocks_in_use, account->in_use_bytes,
        account->available_bytes, account->runs_in_use, account->run_bytes);
    stress_say("account: unused pools %zu = %zu, quantization %zu, unaccounted %zu, total %zu, "
               "uncertain %zu",
               account->unused_pools, account->unused_pool_bytes, account->quantization_bytes,
               account->unaccounted_bytes, account->total_bytes, account->uncertain_bytes);
    stress_say(
        "account: huge %zu = %zu, cached %zu; retired %zu, created %zu, retired ever %zu, most %zu",
        account->huge_blocks, account->huge_bytes, account->huge_cached_bytes,
        account->retired_arenas, account->arenas_created, account->arenas_retired,
        account->arenas_highwater);
}

static void require_equal(size_t has, size_t wanted, const char *name,
                          const struct ep_stats *account)
{
    if (has == wanted)
        return;
    stress_account_say(account);
    stress_fail("account: %s is %zu and must be %zu (off by %lld)", name, has, wanted,
                (long long)(has - wanted));
}

static int add_class(const struct ep_class *class, void *argument)
{
    struct ep_stats *sums = argument;
    sums->in_use_bytes += class->blocks_in_use * class->block_bytes;
    sums->available_bytes += class->blocks_available * class->block_bytes;
    sums->quantization_bytes += class->quantization_bytes;
    return 0;
}

/* What the classes have is what all have. */
static void check_classes(const struct ep_stats *account)
{
    struct ep_stats sums = {0};
    if (stress_allocator.walk_classes == NULL)
        return;
    (void)stress_allocator.walk_classes(add_class, &sums);
    require_equal(sums.in_use_bytes, account->in_use_bytes, "in use in all classes", account);
    require_equal(sums.available_bytes, account->available_bytes, "available in all classes",
                  account);
    require_equal(sums.quantization_bytes, account->quantization_bytes, "lost in all classes",
                  account);
}

static void check_identity(const struct ep_stats *account)
{
    size_t sum = account->in_use_bytes + account->available_bytes + account->run_bytes +
                 account->unused_pool_bytes + account->quantization_bytes +
                 account->unaccounted_bytes;
    require_equal(account->arena_bytes, account->arenas * arena_bytes, "arena_bytes", account);
    require_equal(account->total_bytes, sum, "total_bytes against its parts", account);
    require_equal(account->total_bytes, account->arena_bytes, "total_bytes", account);
    require_equal(account->unaccounted_bytes, 0, "unaccounted_bytes", account);
    require_equal(account->uncertain_bytes, 0, "uncertain_bytes", account);
    require_equal(account->mapped_bytes,
                  account->arena_bytes + account->huge_bytes + account->huge_cached_bytes,
                  "mapped_bytes", account);
    check_classes(account);
}

/* What a walk has shown as in use. */
struct shown {
    size_t blocks, bytes;
    uint64_t window;
    const char *end; /* of the last block in the window */
};

static int add_block(const struct ep_block *block, void *argument)
{
    struct shown *shown = argument;
    const char *start = block->start;
    stress_require(block->state != EP_BLOCK_UNKNOWN, "walk: a block is unknown at rest");
    if (block->pool->kind != EP_HUGE) {
        if (block->pool->arena->window != shown->window)
            shown->end = NULL;
        shown->window = block->pool->arena->window;
        stress_require(start >= shown->end, "walk: %p is shown behind %p", block->start,
                       (const void *)shown->end);
        shown->end = start + block->bytes;
    }
    shown->blocks += block->state == EP_BLOCK_IN_USE;
    shown->bytes += block->state == EP_BLOCK_IN_USE ? block->bytes : 0;
    return 0;
}

static void check_walk(const struct stress_tally *tally, const struct ep_stats *account)
{
    struct shown shown = {0};
    if (stress_allocator.walk_blocks == NULL)
        return;
    (void)stress_allocator.walk_blocks(add_block, &shown);
    require_equal(shown.blocks, tally->blocks + tally->runs + tally->huge, "blocks of a walk",
                  account);
    require_equal(shown.bytes, tally->block_bytes + tally->run_bytes + tally->huge_bytes,
                  "bytes of a walk", account);
}

void stress_tally_check(const struct stress_tally *tally, const char *when)
{
    struct ep_stats account;
    if (!stress_allocator.account(&account))
        return;
    stress_doing(when);
    check_identity(&account);
    if (!stress_allocator.alone)
        return;
    require_equal(account.blocks_in_use, tally->blocks, "blocks_in_use", &account);
    require_equal(account.in_use_bytes, tally->block_bytes, "in_use_bytes", &account);
    require_equal(account.runs_in_use, tally->runs, "runs_in_use", &account);
    require_equal(account.run_bytes, tally->run_bytes, "run_bytes", &account);
    require_equal(account.huge_blocks, tally->huge, "huge_blocks", &account);
    require_equal(account.huge_bytes, tally->huge_bytes, "huge_bytes", &account);
    check_walk(tally, &account);
}
