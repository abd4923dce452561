/* Size classes: lib/pool/size_class.c. */
#include "unit/alone.h"

#include "pool/size_class.h"

static const struct size_class *class_of(size_t size)
{
    return &ep__size_classes[ep__size_class_of(size)];
}

static size_t pool_bytes(const struct size_class *class)
{
    return (size_t) class->slots << EP__SLOT_LOG2;
}

static void the_table_is_right_before_any_code_has_run(void)
{
    assert_true(ep__size_class_check());
}

static void every_size_gets_the_smallest_class_that_holds_it(void)
{
    unsigned class = 0;
    for (size_t size = 1; size <= EP__CLASS_BYTES_MAX; size++) {
        while (ep__size_classes[class].bytes < size)
            class ++;
        assert_int_equal(ep__size_class_of(size), class);
    }
    assert_int_equal(class, EP__CLASSES - 1);
}

static void sizes_to_512_have_the_classes_of_cpython(void)
{
    for (unsigned class = 0; class < EP__SMALL_CLASSES; class ++)
        assert_int_equal(ep__size_classes[class].bytes, (class + 1) * 16);
    assert_int_equal(ep__size_classes[EP__SMALL_CLASSES - 1].bytes, EP__SMALL_BYTES_MAX);
}

static void above_512_at_most_a_ninth_is_waste(void)
{
    for (size_t size = EP__SMALL_BYTES_MAX + 1; size <= EP__CLASS_BYTES_MAX; size++)
        assert_true((class_of(size)->bytes - size) * 9 < class_of(size)->bytes);
}

static void every_power_of_two_is_a_class(void)
{
    for (size_t size = 16; size <= EP__CLASS_BYTES_MAX; size *= 2)
        assert_int_equal(class_of(size)->bytes, size);
}

static void a_pool_holds_its_blocks_at_every_colour(void)
{
    for (unsigned class = 0; class < EP__CLASSES; class ++) {
        const struct size_class *size = &ep__size_classes[class];
        size_t span = (size_t)size->capacity * size->bytes;
        assert_true(size->capacity >= 8);
        assert_true(size->colours >= 1);
        assert_true(span + (size->colours - 1U) * size->colour_bytes <= pool_bytes(size));
        assert_true(pool_bytes(size) - span < size->bytes);
        assert_in_range(size->usable_at, 1, size->capacity / 2);
        assert_true(size->slots == 1 || size->slots == 4);
        assert_true(span / 16 < UINT16_MAX);
    }
}

/* The largest power of two that divides a number. */
static size_t power_in(size_t number)
{
    return number & (~number + 1);
}

static void colour_keeps_alignment_for_every_class(void)
{
    for (unsigned class = 0; class < EP__CLASSES; class ++) {
        const struct size_class *size = &ep__size_classes[class];
        for (size_t colour = 0; colour < size->colours; colour++)
            assert_int_equal(colour * size->colour_bytes % power_in(size->bytes), 0);
        if (size->colours > 1)
            assert_true(size->colour_bytes >= EP__CACHE_LINE_BYTES);
    }
}

static void every_alignment_gets_the_first_class_it_divides(void)
{
    for (size_t alignment = 1; alignment <= EP__CLASS_BYTES_MAX; alignment *= 2)
        for (size_t size = 1; size <= EP__CLASS_BYTES_MAX; size += 1 + size / 300) {
            unsigned class = 0;
            while (class < EP__CLASSES && (ep__size_classes[class].bytes < size ||
                                           ep__size_classes[class].bytes % alignment != 0))
                class ++;
            assert_int_equal(ep__size_class_aligned(size, alignment), class);
        }
}

static void what_no_class_holds_has_none(void)
{
    assert_int_equal(ep__size_class_aligned(EP__CLASS_BYTES_MAX, EP__CLASS_BYTES_MAX),
                     EP__CLASSES - 1);
    assert_int_equal(ep__size_class_aligned(EP__CLASS_BYTES_MAX + 1, 1), EP__CLASSES);
    assert_int_equal(ep__size_class_aligned(1, 2 * EP__CLASS_BYTES_MAX), EP__CLASSES);
    assert_int_equal(ep__size_class_aligned(SIZE_MAX, 16), EP__CLASSES);
    assert_int_equal(ep__size_class_aligned(16, (size_t)1 << 63), EP__CLASSES);
}

static void size_zero_is_served_like_one(void)
{
    for (size_t alignment = 1; alignment <= EP__CLASS_BYTES_MAX; alignment *= 2)
        assert_int_equal(ep__size_class_aligned(0, alignment),
                         ep__size_class_aligned(1, alignment));
}

static void division_by_a_class_is_exact_in_every_pool(void)
{
    for (unsigned class = 0; class < EP__CLASSES; class ++) {
        uint32_t bytes = ep__size_classes[class].bytes;
        for (uint32_t offset = 0; offset < UINT32_C(1) << 18; offset += bytes)
            for (uint32_t near = 0; near < 3; near++)
                if (offset + near >= 1)
                    assert_int_equal(ep__size_class_divide(class, offset + near - 1),
                                     (offset + near - 1) / bytes);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        alone(the_table_is_right_before_any_code_has_run),
        alone(every_size_gets_the_smallest_class_that_holds_it),
        alone(sizes_to_512_have_the_classes_of_cpython),
        alone(above_512_at_most_a_ninth_is_waste),
        alone(every_power_of_two_is_a_class),
        alone(a_pool_holds_its_blocks_at_every_colour),
        alone(colour_keeps_alignment_for_every_class),
        alone(every_alignment_gets_the_first_class_it_divides),
        alone(what_no_class_holds_has_none),
        alone(size_zero_is_served_like_one),
        alone(division_by_a_class_is_exact_in_every_pool),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
