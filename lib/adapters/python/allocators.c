/* The allocators.  The argument stands in allocators.h. */
#include "allocators.h"

#include <Python.h>

#include "library.h"

const char *const ep__python_domain_names[EP__PYTHON_DOMAINS] = {"raw", "mem", "obj"};

/* What a domain had before; its allocator's context. */
struct domain {
    PyMemAllocatorEx previous;
};

/* How CPython's debug hooks begin what they are given as context (Objects/obmalloc.c, 3.6 and newer). */
struct hooks {
    char api_id;
    PyMemAllocatorEx beneath;
};

static struct domain domains[EP__PYTHON_DOMAINS];
static uintptr_t range_start;
static size_t range_bytes;

static inline bool is_in_range(const void *p)
{
    return __builtin_expect((uintptr_t)p - range_start < range_bytes, 1);
}

static void *allocate(void *domain, size_t size)
{
    (void)domain;
    return ep__library.malloc(size);
}

static void *allocate_zeroed(void *domain, size_t count, size_t size)
{
    (void)domain;
    return ep__library.calloc(count, size);
}

static __attribute__((noinline)) void *reallocate_outside(struct domain *domain, void *p,
                                                          size_t size)
{
    if (ep__library.owns(p))
        return ep__library.realloc(p, size + (size == 0));
    return domain->previous.realloc(domain->previous.ctx, p, size);
}

static __attribute__((noinline)) void free_outside(void *context, void *p)
{
    struct domain *domain = context;
    if (p == NULL)
        return;
    if (ep__library.owns(p))
        ep__library.free(p);
    else
        domain->previous.free(domain->previous.ctx, p);
}

static void free_block(void *domain, void *p)
{
    if (is_in_range(p))
        ep__library.free(p);
    else
        free_outside(domain, p);
}

/* A size of 0 asks for a block here; ep_realloc() would free. */
static void *reallocate(void *domain, void *p, size_t size)
{
    if (is_in_range(p) || p == NULL)
        return ep__library.realloc(p, size + (size == 0));
    return reallocate_outside(domain, p, size);
}

/* Beneath debug hooks.  When a block of before grows, pymalloc takes a big one from the domain "raw", whose hooks put
 * a head before it: what then comes here is a pointer into a block of epmalloc's, and the block is pymalloc's. */
static void *reallocate_beneath_hooks(void *domain, void *p, size_t size)
{
    if (p == NULL)
        return ep__library.malloc(size);
    return reallocate_outside(domain, p, size);
}

/* The function that debug hooks put in malloc's place in a domain.  What is there is there again afterwards. */
static void *(*find_hook(int domain))(void *, size_t)
{
    PyMemAllocatorEx before[EP__PYTHON_DOMAINS];
    PyMemAllocatorEx hook;
    for (int i = 0; i < EP__PYTHON_DOMAINS; i++)
        PyMem_GetAllocator(i, &before[i]);
    PyMem_SetupDebugHooks();
    PyMem_GetAllocator(domain, &hook);
    for (int i = 0; i < EP__PYTHON_DOMAINS; i++)
        PyMem_SetAllocator(i, &before[i]);
    return hook.malloc;
}

static bool is_hook(int domain, const PyMemAllocatorEx *allocator)
{
    static const char api_ids[EP__PYTHON_DOMAINS] = {'r', 'm', 'o'};
    const struct hooks *hooks = allocator->ctx;
    return allocator->malloc == find_hook(domain) && hooks->api_id == api_ids[domain];
}

void ep__python_install(int domain)
{
    PyMemAllocatorEx current;
    PyMemAllocatorEx own = {&domains[domain], allocate, allocate_zeroed, reallocate, free_block};
    if (ep__python_is_installed(domain))
        return;
    ep__library.free(ep__library.malloc(1));
    range_bytes = ep__library.address_range((void **)&range_start);
    PyMem_GetAllocator(domain, &current);
    if (is_hook(domain, &current)) {
        struct hooks *hooks = current.ctx;
        domains[domain].previous = hooks->beneath;
        own.realloc = reallocate_beneath_hooks;
        own.free = free_outside;
        hooks->beneath = own;
    } else {
        domains[domain].previous = current;
        PyMem_SetAllocator(domain, &own);
    }
}

/* Debug hooks put their head, two words, before what the allocator gives them. */
static bool owns_block(const void *p)
{
    return p != NULL &&
           (ep__library.owns(p) || ep__library.owns((const char *)p - 2 * sizeof(size_t)));
}

bool ep__python_is_installed(int domain)
{
    PyMemAllocatorEx current;
    PyMem_GetAllocator(domain, &current);
    void *p = current.malloc(current.ctx, 1);
    bool is_own = owns_block(p);
    current.free(current.ctx, p);
    return is_own;
}
