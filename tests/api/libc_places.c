/* malloc and free in the places where a program is not quite itself: constructors, destructors of
 * thread-specific values, exit handlers, modules while they are loaded, pthread_setspecific().
 *
 * The program runs in two processes: the first runs the tests, the second, named "exit", ends through its
 * exit handlers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dlfcn.h>
#include <epmalloc/epmalloc.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "child.h"

static size_t count_blocks(void)
{
    struct ep_stats account;
    return ep_stats(&account, sizeof account) == 0 ? account.blocks_in_use : 0;
}

static char *from_constructor;

/* 101 is the first priority that programs may use. */
__attribute__((constructor(101))) static void construct(void)
{
    void *several[50];
    for (unsigned i = 0; i < 50; i++)
        several[i] = malloc(i * 100);
    for (unsigned i = 0; i < 50; i++)
        free(several[i]);
    from_constructor = strdup("made before main");
}

static void constructors_can_allocate(void **state)
{
    (void)state;
    assert_string_equal(from_constructor, "made before main");
    assert_true(ep_owns(from_constructor));
    free(from_constructor);
}

enum { KEYS = 40, ROUNDS = 3 };

/* What a thread leaves behind for its destructors: rounds to go, and a block that shows that memory stays. */
struct remains {
    unsigned keys_idx;
    unsigned rounds;
    char *block;
};

static pthread_key_t keys[KEYS];
static unsigned destroyed;

/* Runs after the thread's other values are gone, allocates, and comes back ROUNDS times, so that some calls
 * are after the allocator's own destructor. */
static void destroy_remains(void *value)
{
    struct remains *remains = value;
    char *p = malloc(100 + remains->keys_idx);
    void *several[20];
    for (unsigned i = 0; i < 20; i++)
        several[i] = malloc(i * i * 20);
    memset(p, 'p', 100);
    remains->block = realloc(remains->block, 300);
    assert_memory_equal(remains->block, "remains", 8);
    for (unsigned i = 0; i < 20; i++)
        free(several[i]);
    free(p);
    if (--remains->rounds > 0) {
        assert_int_equal(pthread_setspecific(keys[remains->keys_idx], remains), 0);
        return;
    }
    __atomic_add_fetch(&destroyed, 1, __ATOMIC_RELAXED);
    free(remains->block);
    free(remains);
}

static void *leave_remains(void *unused)
{
    for (unsigned i = 0; i < KEYS; i++) {
        struct remains *remains = malloc(sizeof *remains);
        remains->keys_idx = i;
        remains->rounds = ROUNDS;
        remains->block = strdup("remains");
        assert_int_equal(pthread_setspecific(keys[i], remains), 0);
    }
    return unused;
}

static void run_threads(void *(*work)(void *), unsigned count)
{
    pthread_t threads[8];
    for (unsigned i = 0; i < count; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, work, NULL), 0);
    for (unsigned i = 0; i < count; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
}

static void destructors_of_thread_values_can_allocate_and_free(void **state)
{
    (void)state;
    size_t before = count_blocks();
    for (unsigned i = 0; i < KEYS; i++)
        assert_int_equal(pthread_key_create(&keys[i], destroy_remains), 0);
    for (unsigned round = 0; round < 10; round++)
        run_threads(leave_remains, 4);
    assert_int_equal(destroyed, 10 * 4 * KEYS);
    for (unsigned i = 0; i < KEYS; i++)
        assert_int_equal(pthread_key_delete(keys[i]), 0);
    assert_true(count_blocks() < before + 40);
}

/* pthread_setspecific() of a high key allocates inside the C library. */
static void *set_high_key(void *key)
{
    assert_int_equal(pthread_setspecific(*(pthread_key_t *)key, key), 0);
    free(malloc(100));
    return pthread_getspecific(*(pthread_key_t *)key);
}

static void a_thread_may_begin_with_setspecific(void **state)
{
    enum { MANY = 200 };
    static pthread_key_t many[MANY];
    (void)state;
    for (unsigned i = 0; i < MANY; i++)
        assert_int_equal(pthread_key_create(&many[i], NULL), 0);
    for (unsigned round = 0; round < 20; round++) {
        pthread_t thread;
        void *value;
        assert_int_equal(pthread_create(&thread, NULL, set_high_key, &many[MANY - 1]), 0);
        assert_int_equal(pthread_join(thread, &value), 0);
        assert_ptr_equal(value, &many[MANY - 1]);
    }
    for (unsigned i = 0; i < MANY; i++)
        assert_int_equal(pthread_key_delete(many[i]), 0);
}

static void *only_free(void *block)
{
    free(block);
    return NULL;
}

static void a_thread_that_only_frees_cleans_up_too(void **state)
{
    (void)state;
    size_t before = count_blocks();
    for (unsigned i = 0; i < 500; i++) {
        pthread_t thread;
        assert_int_equal(pthread_create(&thread, NULL, only_free, malloc(1 + i * 7)), 0);
        assert_int_equal(pthread_join(thread, NULL), 0);
    }
    assert_true(count_blocks() < before + 20);
}

static void modules_can_allocate_while_they_are_loaded(void **state)
{
    (void)state;
    for (unsigned round = 0; round < 20; round++) {
        void *module = dlopen(MODULE_PATH, RTLD_NOW | RTLD_LOCAL);
        assert_non_null(module);
        char *(*module_text)(void);
        *(void **)&module_text = dlsym(module, "module_text");
        assert_non_null(module_text);
        assert_string_equal(module_text(), "made in a constructor");
        assert_true(ep_owns(module_text()));
        assert_int_equal(dlclose(module), 0);
    }
}

static void *load_module(void *unused)
{
    for (unsigned round = 0; round < 50; round++) {
        void *module = dlopen(MODULE_PATH, RTLD_NOW | RTLD_LOCAL);
        assert_non_null(module);
        free(malloc(1000));
        assert_int_equal(dlclose(module), 0);
    }
    return unused;
}

static void several_threads_can_load_at_once(void **state)
{
    (void)state;
    run_threads(load_module, 4);
}

static void exit_handlers_can_allocate_and_free(void **state)
{
    static struct child child;
    (void)state;
    child_run(&child, "exit", "");
    assert_int_equal(child.status, 0);
    assert_string_equal(child.output, "handler\ndestructor\n");
}

static bool ends_through_exit;
static char *kept;

static void handle_exit(void)
{
    char *copy = strdup(kept);
    free(kept);
    kept = realloc(copy, 200000);
    puts(kept);
    strcpy(kept, "destructor");
}

__attribute__((destructor(101))) static void destroy(void)
{
    if (!ends_through_exit)
        return;
    char *copy = strdup(kept);
    free(kept);
    puts(copy);
    free(copy);
    fflush(stdout);
}

static int end_through_exit(void)
{
    ends_through_exit = true;
    kept = strdup("handler");
    return atexit(handle_exit);
}

int main(int count, char **arguments)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(constructors_can_allocate),
        cmocka_unit_test(destructors_of_thread_values_can_allocate_and_free),
        cmocka_unit_test(a_thread_may_begin_with_setspecific),
        cmocka_unit_test(a_thread_that_only_frees_cleans_up_too),
        cmocka_unit_test(modules_can_allocate_while_they_are_loaded),
        cmocka_unit_test(several_threads_can_load_at_once),
        cmocka_unit_test(exit_handlers_can_allocate_and_free),
    };
    (void)arguments;
    return count > 1 ? end_through_exit() : cmocka_run_group_tests(tests, NULL, NULL);
}
