/* That the account is true: compared with the test's own sums. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <epmalloc/epmalloc.h>
#include <errno.h>
#include <pthread.h>
#include <string.h>

#include "api/sizes.h"

#define ARENA_BYTES ((size_t)4 << 20)

/* What this program holds, by its own count. */
struct shadow {
    size_t blocks;
    size_t block_bytes;
    size_t runs;
    size_t run_bytes;
    size_t huge;
    size_t huge_bytes;
};

static struct ep_stats take(void)
{
    struct ep_stats account;
    assert_int_equal(ep_stats(&account, sizeof account), 0);
    return account;
}

static void check_identity(const struct ep_stats *account)
{
    assert_int_equal(account->total_bytes, account->in_use_bytes + account->available_bytes +
                                               account->run_bytes + account->unused_pool_bytes +
                                               account->quantization_bytes +
                                               account->unaccounted_bytes);
    assert_int_equal(account->total_bytes, account->arena_bytes);
    assert_int_equal(account->arena_bytes, account->arenas * ARENA_BYTES);
    assert_int_equal(account->unaccounted_bytes, 0);
    assert_int_equal(account->uncertain_bytes, 0);
    assert_true(account->arenas_highwater >= account->arenas);
    assert_true(account->arenas_created >= account->arenas_retired);
    assert_int_equal(account->arenas, account->arenas_created - account->arenas_retired);
}

static void count(struct shadow *shadow, void *p, int sign)
{
    size_t usable = ep_usable_size(p);
    size_t *number = usable <= 32768     ? &shadow->blocks
                     : usable <= 1048576 ? &shadow->runs
                                         : &shadow->huge;
    size_t *bytes = usable <= 32768     ? &shadow->block_bytes
                    : usable <= 1048576 ? &shadow->run_bytes
                                        : &shadow->huge_bytes;
    *number += (size_t)sign;
    *bytes += (size_t)sign * usable;
}

static void check_shadow(const struct ep_stats *before, const struct shadow *shadow)
{
    struct ep_stats now = take();
    check_identity(&now);
    assert_int_equal(now.blocks_in_use - before->blocks_in_use, shadow->blocks);
    assert_int_equal(now.in_use_bytes - before->in_use_bytes, shadow->block_bytes);
    assert_int_equal(now.runs_in_use - before->runs_in_use, shadow->runs);
    assert_int_equal(now.run_bytes - before->run_bytes, shadow->run_bytes);
    assert_int_equal(now.huge_blocks - before->huge_blocks, shadow->huge);
    assert_int_equal(now.huge_bytes - before->huge_bytes, shadow->huge_bytes);
}

static void every_kind_of_block_is_counted_to_the_byte(void **state)
{
    static struct edges edges;
    static void *blocks[EDGES_MAX];
    struct shadow shadow = {0};
    (void)state;
    collect_edges(&edges);
    struct ep_stats before = take();
    check_identity(&before);
    for (size_t i = 0; i < edges.count; i++) {
        blocks[i] = ep_malloc(edges.sizes[i]);
        assert_non_null(blocks[i]);
        count(&shadow, blocks[i], 1);
        if (i % 50 == 0)
            check_shadow(&before, &shadow);
    }
    check_shadow(&before, &shadow);
    for (size_t i = 0; i < edges.count; i++) {
        size_t victim = i * 7 % edges.count;
        count(&shadow, blocks[victim], -1);
        ep_free(blocks[victim]);
        if (i % 50 == 0)
            check_shadow(&before, &shadow);
    }
    check_shadow(&before, &shadow);
}

static void random_work_is_counted_to_the_byte(void **state)
{
    enum { PLACES = 4000, STEPS = 60000 };
    static void *blocks[PLACES];
    struct shadow shadow = {0};
    uint64_t random = 88172645463325252U;
    (void)state;
    struct ep_stats before = take();
    for (unsigned step = 0; step < STEPS; step++) {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        void **place = &blocks[random % PLACES];
        if (*place != NULL) {
            count(&shadow, *place, -1);
            ep_free(*place);
            *place = NULL;
        } else {
            unsigned log2 = (unsigned)(random >> 32) % 17;
            *place = ep_malloc((size_t)(random >> 40) % ((size_t)2 << log2));
            assert_non_null(*place);
            count(&shadow, *place, 1);
        }
        if (step % 5000 == 0)
            check_shadow(&before, &shadow);
    }
    for (unsigned i = 0; i < PLACES; i++) {
        if (blocks[i] != NULL)
            count(&shadow, blocks[i], -1);
        ep_free(blocks[i]);
        blocks[i] = NULL;
    }
    ep_thread_idle();
    check_shadow(&before, &shadow);
    ep_purge();
    check_shadow(&before, &shadow);
}

enum { HANDED = 5000 };
static void *handed[HANDED];

static void *allocate_handed(void *unused)
{
    for (unsigned i = 0; i < HANDED; i++)
        handed[i] = ep_malloc(8 + i % 900);
    return unused;
}

static void *free_handed(void *unused)
{
    for (unsigned i = 0; i < HANDED; i++)
        ep_free(handed[i]);
    return unused;
}

static void run_thread(void *(*work)(void *))
{
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, work, NULL), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
}

static void what_ended_threads_left_is_counted_to_the_byte(void **state)
{
    struct shadow shadow = {0};
    (void)state;
    struct ep_stats before = take();
    for (unsigned round = 0; round < 5; round++) {
        run_thread(allocate_handed);
        for (unsigned i = 0; i < HANDED; i++)
            count(&shadow, handed[i], 1);
        check_shadow(&before, &shadow);
        for (unsigned i = 0; i < HANDED; i++)
            count(&shadow, handed[i], -1);
        if (round % 2 == 0)
            run_thread(free_handed);
        else
            free_handed(NULL);
        ep_thread_idle();
        check_shadow(&before, &shadow);
    }
}

static void an_older_or_newer_caller_gets_what_it_knows(void **state)
{
    (void)state;
    struct {
        struct ep_stats account;
        size_t later[4];
    } newer;
    memset(&newer, 0xff, sizeof newer);
    assert_int_equal(ep_stats(&newer.account, sizeof newer), 0);
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(newer.later[i], 0);
    size_t older[3] = {7, 7, 7};
    assert_int_equal(ep_stats((struct ep_stats *)(void *)older, 2 * sizeof(size_t)), 0);
    assert_int_equal(older[0], newer.account.allocated_bytes);
    assert_int_equal(older[1], newer.account.active_bytes);
    assert_int_equal(older[2], 7);
}

static void nowhere_to_write_is_an_error(void **state)
{
    struct ep_stats account;
    (void)state;
    errno = 0;
    assert_int_equal(ep_stats(NULL, sizeof account), -1);
    assert_int_equal(errno, EINVAL);
    errno = 0;
    assert_int_equal(ep_stats(&account, 0), -1);
    assert_int_equal(errno, EINVAL);
    errno = EDOM;
    assert_int_equal(ep_stats(&account, sizeof account), 0);
    assert_int_equal(errno, EDOM);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_of_block_is_counted_to_the_byte),
        cmocka_unit_test(random_work_is_counted_to_the_byte),
        cmocka_unit_test(what_ended_threads_left_is_counted_to_the_byte),
        cmocka_unit_test(an_older_or_newer_caller_gets_what_it_knows),
        cmocka_unit_test(nowhere_to_write_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
