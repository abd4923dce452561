/* That the heap walk shows what the program holds: compared with the test's own list of its blocks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <epmalloc/epmalloc.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCKS = 4000 };

/* Blocks that the program holds, sorted by address, and how often the walk has shown each as in use. */
struct held {
    char *start;
    size_t usable;
    unsigned shown;
};

static struct held held[BLOCKS];
static size_t held_count;

static int compare(const void *a, const void *b)
{
    const struct held *one = a;
    const struct held *other = b;
    return (one->start > other->start) - (one->start < other->start);
}

static struct held *find(const char *start)
{
    struct held key = {.start = (char *)start};
    return bsearch(&key, held, held_count, sizeof held[0], compare);
}

static int check_block(const struct ep_block *block, void *in_use)
{
    struct held *known = find(block->start);
    assert_int_not_equal(block->state, EP_BLOCK_UNKNOWN);
    if (block->state == EP_BLOCK_FREE) {
        assert_null(known);
        return 0;
    }
    assert_non_null(known);
    assert_int_equal(block->bytes, known->usable);
    known->shown++;
    ++*(size_t *)in_use;
    return 0;
}

static int add_pool(const struct ep_pool *pool, void *in_use)
{
    assert_int_equal(pool->in_use_least, pool->in_use_most);
    *(size_t *)in_use += pool->in_use_most;
    return 0;
}

static int add_arena(const struct ep_arena *arena, void *free_pools)
{
    *(size_t *)free_pools += arena->free_pools;
    return 0;
}

/* Every block that is held is shown once as in use, and nothing else is. */
static void check_walk(void)
{
    size_t in_use = 0;
    struct ep_stats stats;
    qsort(held, held_count, sizeof held[0], compare);
    assert_int_equal(ep_walk_blocks(check_block, &in_use), 0);
    assert_int_equal(in_use, held_count);
    for (size_t i = 0; i < held_count; i++) {
        assert_int_equal(held[i].shown, 1);
        held[i].shown = 0;
    }
    in_use = 0;
    assert_int_equal(ep_walk_pools(add_pool, &in_use), 0);
    assert_int_equal(in_use, held_count);
    size_t free_pools = 0;
    assert_int_equal(ep_walk_arenas(add_arena, &free_pools), 0);
    assert_int_equal(ep_stats(&stats, sizeof stats), 0);
    assert_int_equal(free_pools, stats.unused_pools);
}

static void hold(size_t alignment, size_t size)
{
    char *p = alignment == 0 ? ep_malloc(size) : ep_aligned_alloc(alignment, size);
    assert_non_null(p);
    held[held_count++] = (struct held){.start = p, .usable = ep_usable_size(p)};
}

static void let_go(size_t i)
{
    ep_free(held[i].start);
    held[i] = held[--held_count];
}

static uint64_t random_state = 12345;

static size_t random_below(size_t bound)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (size_t)(random_state % bound);
}

static size_t random_size(void)
{
    size_t size = (size_t)1 << random_below(21);
    return size + random_below(size) + (random_below(100) == 0 ? (size_t)2 << 20 : 0);
}

static void step(void)
{
    if (held_count == BLOCKS || (held_count > 0 && random_below(100) < 48))
        let_go(random_below(held_count));
    else if (random_below(20) == 0)
        hold((size_t)1 << random_below(16), random_below(5000) + 1);
    else
        hold(0, random_below(4) != 0 ? random_below(2000) : random_size());
}

static void *work(void *steps)
{
    for (unsigned i = 0; i < *(unsigned *)steps; i++)
        step();
    return NULL;
}

static void work_on_a_thread(unsigned steps)
{
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, work, &steps), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
}

/* By one thread after the other, so that pools have all kinds of owners and none. */
static void random_work_is_shown_block_by_block(void **state)
{
    (void)state;
    for (unsigned round = 0; round < 12; round++) {
        work_on_a_thread(1500);
        for (unsigned i = 0; i < 700; i++)
            step();
        check_walk();
        if (round % 4 == 3)
            ep_thread_idle();
        check_walk();
    }
    while (held_count > 0)
        let_go(held_count - 1);
    check_walk();
    (void)ep_purge();
    check_walk();
}

static void a_walk_changes_nothing_that_the_program_can_see(void **state)
{
    struct ep_stats before, after;
    (void)state;
    work_on_a_thread(2000);
    for (size_t i = 0; i < held_count; i++)
        memset(held[i].start, (int)i, held[i].usable < 300 ? held[i].usable : 300);
    qsort(held, held_count, sizeof held[0], compare);
    static unsigned char first[BLOCKS];
    for (size_t i = 0; i < held_count; i++)
        first[i] = (unsigned char)held[i].start[0];
    assert_int_equal(ep_stats(&before, sizeof before), 0);
    check_walk();
    assert_int_equal(ep_stats(&after, sizeof after), 0);
    assert_memory_equal(&before, &after, sizeof after);
    for (size_t i = 0; i < held_count; i++)
        assert_int_equal((unsigned char)held[i].start[0], first[i]);
    while (held_count > 0)
        let_go(held_count - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_work_is_shown_block_by_block),
        cmocka_unit_test(a_walk_changes_nothing_that_the_program_can_see),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
