/* Contexts.  See fiber.h. */
#include "fiber.h"

#include <pthread.h>
#include <string.h>
#include <ucontext.h>

#include "explore.h"

enum { STACK_BYTES = 256 << 10, CLEARED_BYTES = 2048 };

static ucontext_t contexts[THREADS_MAX + 1];
static struct {
    char own[STACK_BYTES];
    char explorers[STACK_BYTES];
} stacks[THREADS_MAX] __attribute__((aligned(64)));

/* Where the explorer's stack begins; NULL: it is the current one. */
char *fiber_explorers_stack;

/* model_access(): puts the caller's registers on its stack, and goes on in access_noted() on the explorer's. */
__asm__(".text\n"
        ".globl model_access\n"
        ".type model_access, @function\n"
        "model_access:\n"
        "    push %rbp\n"
        "    push %rbx\n"
        "    push %r12\n"
        "    push %r13\n"
        "    push %r14\n"
        "    push %r15\n"
        "    mov %rsp, %r8\n"
        "    mov fiber_explorers_stack(%rip), %r9\n"
        "    test %r9, %r9\n"
        "    jz 1f\n"
        "    movq $0, fiber_explorers_stack(%rip)\n"
        "    mov %r9, %rsp\n"
        "    push %r8\n"
        "    push %r9\n"
        "    call access_noted\n"
        "    pop %r9\n"
        "    pop %r8\n"
        "    mov %r9, fiber_explorers_stack(%rip)\n"
        "    mov %r8, %rsp\n"
        "    mov %rax, %rdx\n"
        "    lea -1024(%rsp), %rdi\n"
        "    mov $128, %ecx\n"
        "    xor %eax, %eax\n"
        "    rep stosq\n"
        "    mov %rdx, %rax\n"
        "    jmp 2f\n"
        "1:  sub $8, %rsp\n"
        "    call access_noted\n"
        "    add $8, %rsp\n"
        "2:  pop %r15\n"
        "    pop %r14\n"
        "    pop %r13\n"
        "    pop %r12\n"
        "    pop %rbx\n"
        "    pop %rbp\n"
        "    ret\n");
static uintptr_t own_first;
static uintptr_t own_end;
static struct {
    uintptr_t first;
    uintptr_t bytes;
} privates[2];
static unsigned private_count;

void fiber_prepare(unsigned i, void (*body)(void))
{
    memset(fiber_stack_end(i) - CLEARED_BYTES, 0, CLEARED_BYTES);
    if (getcontext(&contexts[i]) != 0)
        model_break("no context");
    contexts[i].uc_stack.ss_sp = stacks[i].own;
    contexts[i].uc_stack.ss_size = STACK_BYTES;
    contexts[i].uc_link = NULL;
    makecontext(&contexts[i], body, 0);
}

void fiber_switch(unsigned from, unsigned to)
{
    if (swapcontext(&contexts[from], &contexts[to]) != 0)
        model_break("no switch");
}

char *fiber_stack_end(unsigned i)
{
    return stacks[i].own + STACK_BYTES;
}

void fiber_begin(unsigned i)
{
    fiber_explorers_stack = stacks[i].explorers + STACK_BYTES;
}

void fiber_end(void)
{
    fiber_explorers_stack = NULL;
}

static void find_own_stack(void)
{
    pthread_attr_t attributes;
    void *first = NULL;
    size_t bytes = 0;
    if (pthread_getattr_np(pthread_self(), &attributes) != 0 ||
        pthread_attr_getstack(&attributes, &first, &bytes) != 0)
        model_break("the stack's place is unknown");
    (void)pthread_attr_destroy(&attributes);
    own_first = (uintptr_t)first;
    own_end = own_first + bytes;
}

void fiber_set_private(void *start, unsigned bytes)
{
    privates[private_count].first = (uintptr_t)start;
    privates[private_count++].bytes = bytes;
}

bool fiber_is_stack(uintptr_t address)
{
    if (own_end == 0)
        find_own_stack();
    for (unsigned i = 0; i < private_count; i++)
        if (address - privates[i].first < privates[i].bytes)
            return true;
    return address - (uintptr_t)stacks < sizeof stacks || address - own_first < own_end - own_first;
}
