/* Slabs: lib/cache/slab.c. */
#include "unit/alone.h"

#include <stdalign.h>

#include "cache/slab.h"

enum { BLOCKS_MAX = 4096 };

static struct slab_shape shape;
static alignas(64) char memory[1 << 20];
static unsigned built;

static void count_block(void *block)
{
    built++;
    memset(block, 0x11, shape.block_bytes);
}

static struct slab *make_slab(size_t size, size_t alignment)
{
    static alignas(64) char descriptor[4096];
    struct slab *slab = (struct slab *)(void *)descriptor;
    ep__slab_shape(&shape, size, alignment);
    assert_true(ep__slab_descriptor_bytes(&shape) <= sizeof descriptor);
    ep__slab_init(slab, &shape, 7);
    return slab;
}

/* Takes blocks until there is none; returns how many. */
static unsigned take_all(struct slab *slab, void **blocks)
{
    unsigned count = 0;
    uint32_t word = 0;
    while ((blocks[count] = ep__slab_take(slab, &word)) != NULL)
        count++;
    return count;
}

static struct slab_given give(struct slab *slab, const void *block)
{
    struct slab_given given;
    assert_true(ep__slab_give(slab, block, &given));
    return given;
}

static void a_shape_has_room_for_its_blocks(void)
{
    static const size_t sizes[] = {0, 1, 16, 17, 48, 64, 100, 1000, 8192, 16384, 30000, 65536};
    for (unsigned i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        for (size_t alignment = 1; alignment <= 4096; alignment *= 2) {
            ep__slab_shape(&shape, sizes[i], alignment);
            assert_true(shape.block_bytes >= sizes[i] && shape.block_bytes >= 16);
            assert_int_equal(shape.block_bytes % alignment + shape.first_bytes % alignment, 0);
            assert_true(shape.first_bytes >= sizeof(struct slab_back));
            assert_true(shape.blocks >= 4 && shape.blocks <= BLOCKS_MAX);
            assert_true(shape.first_bytes + (size_t)shape.blocks * shape.block_bytes <=
                        shape.slab_bytes);
            assert_int_equal(shape.words, (shape.blocks + 63) / 64);
        }
    }
}

static void nothing_can_be_had_of_a_slab_without_memory(void)
{
    struct slab *slab = make_slab(100, 1);
    uint32_t word = 0;
    assert_null(ep__slab_take(slab, &word));
    assert_false(ep__slab_is_free(slab));
    assert_false(ep__slab_claim(slab));
}

static void every_block_is_had_once(void)
{
    void *blocks[BLOCKS_MAX + 1];
    struct slab *slab = make_slab(100, 1);
    blocks[0] = ep__slab_open(slab, memory);
    unsigned count = 1 + take_all(slab, blocks + 1);
    assert_int_equal(count, shape.blocks);
    for (unsigned i = 0; i < count; i++)
        assert_ptr_equal(blocks[i], memory + shape.first_bytes + i * shape.block_bytes);
    assert_int_equal(((struct slab_back *)(void *)memory)->id, 7);
}

static void what_is_given_back_is_had_again_as_it_was(void)
{
    void *blocks[BLOCKS_MAX + 1];
    struct slab *slab = make_slab(100, 1);
    uint32_t word = 3;
    (void)ep__slab_open(slab, memory);
    (void)take_all(slab, blocks);
    memset(blocks[200], 0x77, 100);
    assert_true(give(slab, blocks[200]).was_full);
    for (unsigned i = 0; i < 100; i++)
        assert_int_equal(((char *)blocks[200])[i], 0x77);
    assert_ptr_equal(ep__slab_take(slab, &word), blocks[200]);
    assert_int_equal(word, (200 + 1) / 64);
    assert_null(ep__slab_take(slab, &word));
}

static void the_last_block_of_a_word_says_so(void)
{
    void *blocks[BLOCKS_MAX + 1];
    struct slab *slab = make_slab(1000, 1);
    blocks[0] = ep__slab_open(slab, memory);
    unsigned count = 1 + take_all(slab, blocks + 1);
    assert_int_equal(count, 65);
    struct slab_given given = give(slab, blocks[64]);
    assert_true(given.was_full && given.is_free);
    for (unsigned i = 0; i < 64; i++) {
        assert_false(ep__slab_is_free(slab));
        given = give(slab, blocks[i]);
        assert_int_equal(given.was_full, i == 0);
        assert_int_equal(given.is_free, i == 63);
    }
    assert_true(ep__slab_is_free(slab));
}

static void what_is_no_block_or_free_is_seen(void)
{
    struct slab *slab = make_slab(100, 1);
    struct slab_given given;
    char *block = ep__slab_open(slab, memory);
    assert_false(ep__slab_give(slab, block + 16, &given));
    assert_false(ep__slab_give(slab, memory, &given));
    assert_false(ep__slab_give(slab, memory + 65535, &given));
    assert_true(ep__slab_give(slab, block, &given));
    assert_false(ep__slab_give(slab, block, &given));
}

static void a_claim_has_all_or_nothing(void)
{
    void *blocks[BLOCKS_MAX + 1];
    struct slab *slab = make_slab(100, 1);
    void *first = ep__slab_open(slab, memory);
    unsigned count = take_all(slab, blocks);
    for (unsigned i = 0; i < count - 1; i++)
        (void)give(slab, blocks[i]);
    (void)give(slab, first);
    assert_false(ep__slab_claim(slab));
    assert_int_equal(take_all(slab, blocks), shape.blocks - 1);
    uint32_t word = 0;
    assert_null(ep__slab_take(slab, &word));
    ep__slab_reopen(slab);
    assert_true(ep__slab_is_free(slab));
    assert_true(ep__slab_claim(slab));
    assert_null(ep__slab_take(slab, &word));
    assert_false(ep__slab_claim(slab));
    ep__slab_reopen(slab);
    assert_int_equal(take_all(slab, blocks), shape.blocks);
}

static void a_block_is_constructed_once_for_each_memory(void)
{
    uint32_t word = 0;
    struct slab *slab = make_slab(100, 1);
    shape.construct = count_block;
    char *block = ep__slab_open(slab, memory);
    assert_int_equal(built, 1);
    assert_int_equal(block[99], 0x11);
    block[0] = 5;
    (void)give(slab, block);
    word = 0;
    assert_ptr_equal(ep__slab_take(slab, &word), block);
    assert_int_equal(built, 1);
    assert_int_equal(block[0], 5);
    (void)ep__slab_take(slab, &word);
    assert_int_equal(built, 2);
    ep__slab_reopen(slab);
    assert_true(ep__slab_claim(slab));
    (void)ep__slab_open(slab, memory);
    assert_int_equal(built, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        alone(a_shape_has_room_for_its_blocks),  alone(nothing_can_be_had_of_a_slab_without_memory),
        alone(every_block_is_had_once),          alone(what_is_given_back_is_had_again_as_it_was),
        alone(the_last_block_of_a_word_says_so), alone(what_is_no_block_or_free_is_seen),
        alone(a_claim_has_all_or_nothing),       alone(a_block_is_constructed_once_for_each_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
