/* Pages: lib/observe/pages.c. */
#include "unit/alone.h"

#include "observe/pages.h"
#include "sys/vm.h"
#include "unit/caches.h"
#include "unit/observe/document.h"
#include "unit/thread.h"

enum { CLASS = 31, BLOCKS_MAX = 128 };

static void *blocks[BLOCKS_MAX];
static unsigned capacity;

static void take_pages(void)
{
    struct stream stream;
    document_begin(&stream);
    ep__pages_put(&stream);
    assert_int_equal(ep__stream_end(&stream), 0);
}

static void fill(void *unused)
{
    (void)unused;
    capacity = ep__size_classes[CLASS].capacity;
    assert_true(capacity <= BLOCKS_MAX);
    for (unsigned i = 0; i < capacity; i++)
        blocks[i] = ep_malloc(512);
}

/* The digits of the first pool of the class; *exact is what the document says. */
static const char *find_digits(unsigned *exact)
{
    char wanted[32];
    static char digits[80];
    snprintf(wanted, sizeof wanted, ",65536,%u,", CLASS);
    const char *at = strstr(document, wanted);
    assert_non_null(at);
    assert_int_equal(sscanf(at + strlen(wanted), "%u,\"%64[0-9a-f]", exact, digits), 2);
    assert_int_equal(strlen(digits), (65536 / ep__vm_page_bytes() + 3) / 4);
    return digits;
}

/* Whether a digit says that a block's page is live. */
static bool is_live(const char *digits, const char *block)
{
    size_t page = ((uintptr_t)block & 65535) / ep__vm_page_bytes();
    char digit[2] = {digits[page / 4], '\0'};
    return strtoul(digit, NULL, 16) >> page % 4 & 1U;
}

static void a_heap_without_pools_has_no_pages(void)
{
    take_pages();
    assert_non_null(strstr(document, "\"pools\":[\n]}\n"));
}

static void exactly_the_pages_of_blocks_in_use_are_live(void)
{
    unsigned exact = 0;
    on_thread(fill, NULL);
    for (unsigned i = 0; i < capacity; i++)
        if (i != 3 && i != capacity - 5)
            ep_free(blocks[i]);
    ep_thread_idle();
    take_pages();
    const char *digits = find_digits(&exact);
    assert_int_equal(exact, 1);
    assert_true(is_live(digits, blocks[3]));
    assert_true(is_live(digits, blocks[capacity - 5]));
    assert_false(is_live(digits, blocks[capacity / 2]));
    unsigned live = 0;
    for (const char *digit = digits; *digit != '\0'; digit++)
        live += (unsigned)__builtin_popcount((unsigned)strtoul((char[2]){*digit}, NULL, 16));
    assert_in_range(live, 2, 4);
}

static void all_pages_of_another_running_threads_pool_are_live(void)
{
    unsigned exact = 1;
    struct puppet puppet;
    puppet_begin(&puppet);
    puppet_do(&puppet, fill, NULL);
    take_pages();
    const char *digits = find_digits(&exact);
    assert_int_equal(exact, 0);
    for (unsigned i = 0; i < capacity; i++)
        assert_true(is_live(digits, blocks[i]));
    puppet_end(&puppet);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        alone(a_heap_without_pools_has_no_pages),
        alone(exactly_the_pages_of_blocks_in_use_are_live),
        alone(all_pages_of_another_running_threads_pool_are_live),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
