/* Sampling: lib/observe/sampling.c.  What is estimated is compared with what is known. */
#include "unit/alone.h"

#include <errno.h>
#include <pthread.h>

#include "cache/thread.h"
#include "fake/vm_failing.h"
#include "observe/draw.h"
#include "observe/profile.h"
#include "observe/sampling.h"
#include "observe/view.h"

#include <epmalloc/epmalloc.h>

enum { INTERVAL = 16384, SEED = 7, BLOCKS_MAX = 1 << 17 };

static void *blocks[BLOCKS_MAX];

static void start(uint64_t seed)
{
    assert_int_equal(ep__sampling_start(INTERVAL, seed), 0);
    ep__sampling_begin_here();
}

/* What all sites have in sum. */
static struct amounts sum(bool in_use)
{
    struct amounts sum = {0};
    struct tally *site;
    uint32_t i = 0;
    while ((site = ep__tally_next(&ep__profile_sites, &i)) != NULL) {
        struct amounts more =
            in_use ? ep__profile_in_use(site, EP__PROFILE_HEAP) : ep__profile_allocated(site);
        sum.samples += more.samples;
        sum.bytes += more.bytes;
    }
    return sum;
}

/* An estimate, what is true, and its variance. */
struct trial {
    double truth;
    double variance;
};

/* `count` blocks of a class's size: each is sampled with probability p and then counts 1/p times. */
static void add_blocks(struct trial *trial, size_t size, double count)
{
    double weight = (double)ep__draw_weight(size, INTERVAL) / EP__WEIGHT_ONE;
    trial->truth += count * (double)size;
    trial->variance += count * (double)size * (double)size * (weight - 1);
}

static void check(const struct trial *trial, struct amounts estimate)
{
    double error = (double)estimate.bytes - trial->truth;
    assert_true(error * error <= 9 * trial->variance + 1e-4 * trial->truth * trial->truth);
    if (estimate.samples >= 2000)
        assert_true(error < 0.05 * trial->truth && error > -0.05 * trial->truth);
}

static const size_t sizes[] = {16, 48, 512, 640, 1024, 8192, 32768, 65536, 3U << 20};
enum { SIZES = sizeof sizes / sizeof *sizes };

/* Malloc and free in turn: the list never runs dry. */
static void a_block_that_is_freed_and_allocated_again_is_sampled_like_others(void)
{
    struct trial trial = {0, 0};
    start(SEED);
    for (unsigned i = 0; i < SIZES; i++) {
        unsigned count = (unsigned)((8U << 20) / sizes[i]);
        for (unsigned j = 0; j < count; j++)
            ep_free(ep_malloc(sizes[i]));
        add_blocks(&trial, sizes[i], count);
    }
    check(&trial, sum(false));
    assert_int_equal(sum(true).samples, 0);
    assert_int_equal(ep__profile_bytes(), 0);
}

/* A heap that grows, of which a third is freed in between. */
static void blocks_in_use_are_estimated_by_size(void)
{
    start(SEED);
    for (unsigned i = 0; i < SIZES; i++) {
        struct trial trial = {0, 0};
        uint64_t before = ep__profile_bytes();
        unsigned count = (unsigned)((4U << 20) / sizes[i]);
        count = count > BLOCKS_MAX ? BLOCKS_MAX : count;
        unsigned freed = 0;
        for (unsigned j = 0; j < count; j++) {
            blocks[j] = ep_malloc(sizes[i]);
            if (j % 3 == 2) {
                ep_free(blocks[j - 1]);
                freed++;
            }
        }
        add_blocks(&trial, sizes[i], count - freed);
        struct amounts in_use = {.bytes = ep__profile_bytes() - before};
        check(&trial, in_use);
    }
}

static void all_ways_to_allocate_are_sampled(void)
{
    enum { TIMES = 20000 };
    struct trial trial = {0, 0};
    void *batch[100];
    start(SEED);
    for (unsigned i = 0; i < TIMES; i++) {
        void *p = ep_calloc(10, 10);
        p = ep_realloc(p, 2000);
        ep_free(p);
        ep_free(ep_aligned_alloc(256, 256));
        ep_free(ep_calloc(1, 2048));
        if (i % 100 == 0) {
            assert_int_equal(ep_malloc_batch(96, 100, batch), 100);
            ep_free_batch(batch, 100);
        }
    }
    add_blocks(&trial, 112, TIMES);
    add_blocks(&trial, 2048, TIMES);
    add_blocks(&trial, 256, TIMES);
    add_blocks(&trial, 2048, TIMES);
    add_blocks(&trial, 96, TIMES);
    check(&trial, sum(false));
    assert_int_equal(sum(true).samples, 0);
}

/* The sum of 20 independent trials has a twentieth of the relative variance: a bias would show. */
static void the_estimate_has_no_bias(void)
{
    struct trial trial = {0, 0};
    for (uint64_t seed = 1; seed <= 20; seed++) {
        start(seed);
        for (unsigned i = 0; i < 40000; i++)
            ep_free(ep_malloc(64));
        ep__sampling_stop();
        add_blocks(&trial, 64, 40000);
    }
    check(&trial, sum(false));
}

static void *work(void *unused)
{
    for (unsigned i = 0; i < 100000; i++)
        blocks[i % 4] = ep_malloc(64), ep_free(blocks[i % 4]);
    return unused;
}

static void each_thread_has_its_own_points(void)
{
    struct trial trial = {0, 0};
    start(SEED);
    for (unsigned i = 0; i < 4; i++) {
        pthread_t thread;
        assert_int_equal(pthread_create(&thread, NULL, work, NULL), 0);
        assert_int_equal(pthread_join(thread, NULL), 0);
        add_blocks(&trial, 64, 100000);
    }
    check(&trial, sum(false));
}

static void a_cut_list_only_shrinks_and_its_rest_counts_as_free(void)
{
    void *kept = ep_malloc(64);
    start(SEED);
    struct cache *cache = ep__tls.cache;
    unsigned cuts = 0;
    for (unsigned i = 0; i < 100000; i++) {
        void *p = ep_malloc(64);
        struct pool *pool = cache->bins[3].current;
        uint32_t before = ep__pool_count_chain(*ep__cache_head(cache, 3));
        bool is_cut = pool != NULL && pool->sink == &pool->list;
        ep_free(p);
        assert_true(!is_cut || ep__pool_count_chain(*ep__cache_head(cache, 3)) == before);
        cuts += is_cut;
        if (i % 1000 == 0 && pool != NULL) {
            struct view view;
            ep__view_slot(pool->arena, pool->slot, &view);
            assert_true(view.is_exact);
            assert_in_range(view.free_blocks, ep__size_classes[3].capacity - 1,
                            ep__size_classes[3].capacity);
        }
    }
    assert_in_range(cuts, 100, 50000);
    ep_free(kept);
}

static void idling_and_stopping_lose_nothing(void)
{
    struct trial trial = {0, 0};
    start(SEED);
    for (unsigned i = 0; i < 200000; i++) {
        ep_free(ep_malloc(64));
        if (i % 1000 == 0)
            ep_thread_idle();
    }
    add_blocks(&trial, 64, 200000);
    check(&trial, sum(false));
    void *sampled = NULL;
    for (unsigned i = 0; i < 4; i++)
        sampled = ep_malloc(4U << 20);
    ep__sampling_stop();
    assert_false(ep__sampling_is_on());
    struct amounts before = sum(false);
    uint64_t in_use = ep__profile_bytes();
    for (unsigned i = 0; i < 100000; i++)
        ep_free(ep_malloc(64));
    assert_int_equal(sum(false).samples, before.samples);
    ep_free(sampled);
    assert_int_equal(ep__profile_bytes(), in_use - (4U << 20));
}

static void a_second_start_must_have_the_same_interval(void)
{
    assert_int_equal(ep__sampling_interval(), 0);
    start(SEED);
    assert_true(ep__sampling_is_on());
    start(SEED);
    ep__sampling_stop();
    assert_int_equal(ep__sampling_start(INTERVAL + 1, SEED), EINVAL);
    assert_int_equal(ep__sampling_interval(), INTERVAL);
    start(SEED);
}

static void without_memory_for_a_sample_the_allocation_is_an_ordinary_one(void)
{
    void *p = ep_malloc(64);
    start(SEED);
    vm_failing_plan(1, UINT64_MAX);
    for (unsigned i = 0; i < 100000; i++) {
        void *q = ep_malloc(64);
        assert_non_null(q);
        ep_free(q);
    }
    vm_failing_plan(0, 0);
    ep_free(p);
}

/* Growing in place ends one allocation and begins another. */
static void a_huge_block_that_grows_is_a_new_allocation(void)
{
    start(SEED);
    void *p = ep_malloc(4U << 20);
    assert_int_equal(sum(true).samples, 1);
    p = ep_realloc(p, 8U << 20);
    assert_int_equal(sum(true).samples, 1);
    assert_int_equal(sum(true).bytes, 8U << 20);
    ep_free(p);
    assert_int_equal(sum(true).samples, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        alone(a_block_that_is_freed_and_allocated_again_is_sampled_like_others),
        alone(blocks_in_use_are_estimated_by_size),
        alone(all_ways_to_allocate_are_sampled),
        alone(the_estimate_has_no_bias),
        alone(each_thread_has_its_own_points),
        alone(a_cut_list_only_shrinks_and_its_rest_counts_as_free),
        alone(idling_and_stopping_lose_nothing),
        alone(a_second_start_must_have_the_same_interval),
        alone(without_memory_for_a_sample_the_allocation_is_an_ordinary_one),
        alone(a_huge_block_that_grows_is_a_new_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
