/* Links: lib/pool/links.c. */
#include "unit/alone.h"

#include "pool/links.h"
#include "unit/pools.h"

enum { CLASS = 3 };

static void a_carved_list_is_sound(void)
{
    for (unsigned i = 0; i < SOME_CLASSES; i++) {
        struct pool *pool = make_pool(some_classes[i]);
        struct block *chain;
        while ((chain = ep__carve(pool)) != NULL)
            ep__links_check(pool, chain);
    }
}

static void look(void *chain)
{
    struct block *first = chain;
    struct window *window = ep__window_find(first);
    ep__links_check(ep__pool_at(window, ep__window_slot(window, first)), first);
}

static void a_link_that_leads_elsewhere_is_told(void)
{
    struct pool *pool = make_pool(CLASS);
    struct block *chain = ep__carve(pool);
    struct block *second = chain->next;
    struct block *third = second->next;
    second->next = (struct block *)(void *)((char *)third + 1);
    assert_true(aborts_saying(look, chain, "the link in a free block was overwritten: 0x"));
    second->next = (struct block *)(void *)&pool;
    assert_true(aborts_saying(look, chain, "the link in a free block was overwritten: 0x"));
    second->next = (struct block *)(uintptr_t)0x4141414141414141;
    assert_true(aborts_saying(look, chain, "the link in a free block was overwritten: 0x"));
    second->next = chain;
    assert_true(aborts_saying(look, chain, "a block was freed twice in the pool at 0x"));
    second->next = third;
    look(chain);
}

static void a_shuffled_list_has_the_same_blocks_in_another_order(void)
{
    struct pool *pool = make_pool(CLASS);
    struct block *chain = ep__carve(pool);
    uint32_t count = ep__pool_count_chain(chain);
    uint32_t ascending = 0;
    assert_true(count >= 32);
    chain = ep__links_shuffle(chain);
    ep__links_check(pool, chain);
    assert_int_equal(ep__pool_count_chain(chain), count);
    for (struct block *block = chain; block->next != NULL; block = block->next)
        ascending += block->next > block;
    /* Each way with one chance in 2^60 or less. */
    assert_in_range(ascending, 1, count - 2);
    assert_null(ep__links_shuffle(NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        alone(a_carved_list_is_sound),
        alone(a_link_that_leads_elsewhere_is_told),
        alone(a_shuffled_list_has_the_same_blocks_in_another_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
