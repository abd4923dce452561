/* modules: shared objects that allocate are loaded and unloaded by all threads at once.
 *
 * Claim: a block outlives the module that allocated it, and one that the program allocated may be freed by a module;
 * the loader's own allocations, in whatever state it calls us, are ordinary ones.
 *
 * If it were false: a block of an unloaded module would have lost its contents, or loading would hang or crash.
 *
 * The modules (modules/module.c) call malloc and free, and so does this program: it is linked with libepmalloc, or has an
 * allocator preloaded.  They stand beside the program; several files, so that some are really unloaded.
 * Replay: the seed; thread i draws from (seed, 0, i).
 */
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

#include "allocator.h"
#include "harness.h"
#include "workload.h"

enum { TABLE = 64, MODULES = 3, PATH = 4096 };

/* What a module exports as `module`. */
struct module {
    void *(*get)(size_t size);
    void (*put)(void *block);
};

static const struct stress_settings *settings;
static struct exchange exchange;
static struct worker workers[STRESS_THREADS_MAX];
static char folder[PATH];
static _Atomic(uint64_t) loads;

static void find_folder(void)
{
    stress_own_path(folder, sizeof folder);
    *strrchr(folder, '/') = '\0';
}

static const struct module *load(unsigned number, void **handle)
{
    char path[PATH + 64];
    (void)snprintf(path, sizeof path, "%s/stress_module_%u.so", folder, number);
    *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    stress_require(*handle != NULL, "dlopen: %s", dlerror());
    const struct module *module = dlsym(*handle, "module");
    stress_require(module != NULL, "dlsym: %s", dlerror());
    return module;
}

static void work_with_module(struct worker *worker, const struct module *module)
{
    for (unsigned i = 0; i < TABLE; i++) {
        struct block *block = worker->table[stress_random_below(&worker->random, TABLE)];
        size_t size = stress_random_size(&worker->random, 1, 50000);
        if (block->start != NULL)
            module->put(stress_block_give(block));
        else
            stress_block_got(block, module->get(size), size, 1);
        stress_trade(worker, stress_random_below(&worker->random, TABLE));
    }
}

static void work(unsigned number)
{
    struct worker *worker = &workers[number];
    stress_seat_take(number);
    do {
        void *handle;
        stress_doing("loading a module");
        const struct module *module =
            load((unsigned)stress_random_below(&worker->random, MODULES), &handle);
        work_with_module(worker, module);
        stress_doing("unloading a module");
        stress_require(dlclose(handle) == 0, "dlclose: %s", dlerror());
        stress_table_free(worker->table, TABLE, &worker->random, 64);
        /* order: relaxed -- a count */
        ep__fetch_add_relaxed(&loads, 1);
    } while (stress_seconds() < settings->seconds);
    stress_seat_leave();
}

static void run(const struct stress_settings *given)
{
    settings = given;
    find_folder();
    stress_exchange_make(&exchange, 64);
    for (unsigned i = 0; i < given->threads; i++) {
        stress_worker_make(&workers[i], TABLE, &exchange, 0);
        workers[i].random = stress_random_at(given->seed, 0, i);
    }
    stress_team_run(given->threads, work);
    stress_rest_end(given->seed);
    /* order: relaxed -- all threads have been joined */
    stress_report("loads=%llu", (unsigned long long)ep__load_relaxed(&loads));
}

const struct stress_program stress_program = {
    .name = "modules",
    .seconds = 60,
    .smoke_seconds = 3,
    .threads = 4,
    .run = run,
};
