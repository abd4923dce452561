/* The unwinder.  The argument stands in unwinder.h. */
#include "observe/unwinder.h"

#include <dlfcn.h>
#include <errno.h>
#include <link.h>
#include <stddef.h>

#include "sys/atomic.h"

/* What a program that links no C++ lacks, and a statically linked one; the static library's link adds the last two. */
#pragma weak _Unwind_Backtrace
#pragma weak _Unwind_GetCFA
#pragma weak _Unwind_GetIP
#pragma weak _Unwind_GetGR
#pragma weak dlopen
#pragma weak dlsym
extern const char ep__code_first[] __attribute__((weak, visibility("hidden")));
extern const char ep__code_limit[] __attribute__((weak, visibility("hidden")));

enum state { UNTRIED, LOADING, LOADED };

/* Written by who has made the state LOADING, and not after LOADED. */
static struct unwinder unwinder;
static _Atomic(unsigned) state;

/* Which module's code is looked for, and what is found. */
struct search {
    uintptr_t address;
    uintptr_t first;
    uintptr_t limit;
    bool is_program;
    unsigned modules;
};

/* Whether the address lies in an executable segment of the module; the segment's range is then what is found. */
static int look_at_module(struct dl_phdr_info *module, size_t bytes, void *argument)
{
    (void)bytes;
    struct search *search = argument;
    search->is_program = search->modules++ == 0;
    for (unsigned i = 0; i < module->dlpi_phnum; i++) {
        const ElfW(Phdr) *segment = &module->dlpi_phdr[i];
        uintptr_t first = module->dlpi_addr + segment->p_vaddr;
        if (segment->p_type != PT_LOAD || (segment->p_flags & PF_X) == 0)
            continue;
        if (search->address - first >= segment->p_memsz)
            continue;
        search->first = first;
        search->limit = first + segment->p_memsz;
        return 1;
    }
    return 0;
}

static struct search find_module(uintptr_t address)
{
    struct search search = {.address = address};
    (void)dl_iterate_phdr(look_at_module, &search);
    return search;
}

static void find_own_code(void)
{
    struct search own = find_module((uintptr_t)ep__unwinder_load);
    unwinder.own_first = own.is_program ? (uintptr_t)ep__code_first : own.first;
    unwinder.own_limit = own.is_program ? (uintptr_t)ep__code_limit : own.limit;
}

/* The unwinder that the program has, or else libgcc_s. */
static void find_functions(void)
{
    unwinder.backtrace = _Unwind_Backtrace;
    unwinder.get_cfa = _Unwind_GetCFA;
    unwinder.get_ip = _Unwind_GetIP;
    unwinder.get_register = _Unwind_GetGR;
    if (unwinder.backtrace == NULL && dlopen != NULL && dlsym != NULL) {
        void *library = dlopen("libgcc_s.so.1", RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
        if (library == NULL)
            return;
        *(void **)&unwinder.backtrace = dlsym(library, "_Unwind_Backtrace");
        *(void **)&unwinder.get_cfa = dlsym(library, "_Unwind_GetCFA");
        *(void **)&unwinder.get_ip = dlsym(library, "_Unwind_GetIP");
        *(void **)&unwinder.get_register = dlsym(library, "_Unwind_GetGR");
    }
    if (unwinder.get_cfa == NULL || unwinder.get_ip == NULL || unwinder.get_register == NULL)
        unwinder.backtrace = NULL;
}

static void find_code_of_unwinder(void)
{
    struct search module = find_module((uintptr_t)unwinder.backtrace);
    /* Linked into the program: its allocations cannot be told from others, but no code is registered there. */
    if (module.is_program)
        return;
    unwinder.code_first = module.first;
    unwinder.code_limit = module.limit;
}

bool ep__unwinder_load(void)
{
    int saved = errno;
    unsigned untried = UNTRIED;
    /* order: relaxed -- who wins writes; the others find it when LOADED is stored */
    if (!ep__cas_strong_relaxed(&state, &untried, LOADING)) {
        const struct unwinder *loaded = ep__unwinder_get();
        return loaded != NULL && loaded->backtrace != NULL;
    }
    find_own_code();
    find_functions();
    if (unwinder.backtrace != NULL)
        find_code_of_unwinder();
    /* order: release UNW -- pairs with ep__unwinder_get; carries the ranges and functions */
    ep__store_release(&state, LOADED);
    errno = saved;
    return unwinder.backtrace != NULL;
}

const struct unwinder *ep__unwinder_get(void)
{
    /* order: acquire UNW -- pairs with ep__unwinder_load */
    return ep__load_acquire(&state) == LOADED ? &unwinder : NULL;
}
