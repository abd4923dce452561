/* Programs that leak, and ones that do not: leaks.py runs each under epmalloc and under LeakSanitizer.
 * Argument: the number of the program.  All memory is written, as LeakSanitizer's is when it is new. */
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct node {
    struct node *next;
    char bytes[56];
};

static void *volatile global;
static _Thread_local void *volatile of_thread;
static char table[256];

/* Overwrites what calls have left on the stack. */
static __attribute__((noinline)) void wipe_stack(void)
{
    volatile char bytes[1 << 16];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = 0;
}

static void *make(size_t size)
{
    return memset(malloc(size), 0, size);
}

static struct node *make_node(struct node *next)
{
    struct node *node = make(sizeof *node);
    node->next = next;
    return node;
}

static struct node *make_chain(unsigned count)
{
    struct node *chain = NULL;
    while (count-- != 0)
        chain = make_node(chain);
    return chain;
}

static void leak_blocks(void)
{
    for (unsigned i = 0; i < 100; i++)
        (void)*(volatile char *)make(100);
}

static void leak_a_chain(void)
{
    (void)*(struct node *volatile *)make_chain(50);
}

static void leak_a_ring(void)
{
    struct node *first = make_node(NULL);
    first->next = make_node(make_node(first));
}

static void keep_a_chain(void)
{
    global = make_chain(50);
}

static void lose_the_rest_of_a_chain(void)
{
    struct node *chain = make_chain(50);
    chain->next->next = NULL;
    global = chain;
}

static void keep_by_a_pointer_inside(void)
{
    global = (char *)make(1000) + 500;
}

static void keep_in_a_table(void)
{
    void *p = make(300);
    memcpy(table + 64, &p, sizeof p);
}

static void keep_by_a_thread_local(void)
{
    of_thread = make(300);
}

static void hide_an_address(void)
{
    global = (void *)~(uintptr_t)make(300);
}

static void leak_big_blocks(void)
{
    (void)*(volatile char *)make(100000);
    (void)*(volatile char *)make(3 << 20);
    global = make(200000);
}

static void leak_by_realloc(void)
{
    char *p = make(100);
    p = realloc(p, 5000);
    memset(p, 0, 5000);
}

static void free_all(void)
{
    for (struct node *node = make_chain(1000); node != NULL;) {
        struct node *next = node->next;
        node->next = NULL;
        free(node);
        node = next;
    }
}

static void *leak_and_end(void *unused)
{
    leak_blocks();
    wipe_stack();
    return unused;
}

static void leak_on_a_thread(void)
{
    pthread_t thread;
    if (pthread_create(&thread, NULL, leak_and_end, NULL) != 0 || pthread_join(thread, NULL) != 0)
        abort();
}

static void (*const programs[])(void) = {
    leak_blocks,      leak_a_chain,    leak_a_ring,
    keep_a_chain,     free_all,        lose_the_rest_of_a_chain,
    keep_in_a_table,  hide_an_address, keep_by_a_pointer_inside,
    leak_big_blocks,  leak_by_realloc, keep_by_a_thread_local,
    leak_on_a_thread,
};
enum { PROGRAMS = sizeof programs / sizeof *programs };

int main(int count, char **arguments)
{
    unsigned i = count == 2 ? (unsigned)atoi(arguments[1]) : PROGRAMS;
    if (i >= PROGRAMS)
        return 3;
    void (*volatile program)(void) = programs[i];
    program();
    wipe_stack();
    return 0;
}
