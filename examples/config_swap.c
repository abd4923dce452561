/*
 * config_swap: a configuration that all threads read without a lock, and one replaces while they run.
 *
 *     config_swap [THREADS [REPLACEMENTS]]
 *
 * A reader needs what it has read to be of one configuration, not half of the next. So a configuration is an object that
 * never changes; a new one is a new object, put in its place by one atomic exchange; the old one is freed when the
 * sections have ended that were open then. Readers take no lock, count no reference, and write to no memory that
 * another reader uses.
 *
 * Ends with 0 when every reader saw whole configurations, in the order in which they came, and nothing is left waiting.
 */
#include <epmalloc/epmalloc.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

enum { THREADS_MAX = 64 };

struct config {
    unsigned version;
    size_t routes; /* how many there are; each must be `version` */
    unsigned route[];
};

static _Atomic(struct config *) current;
static atomic_bool is_over;
static atomic_ulong reads;

static struct config *make_config(unsigned version)
{
    size_t routes = 10 + version % 100;
    struct config *config = ep_malloc(sizeof *config + routes * sizeof config->route[0]);
    if (config == NULL)
        abort();
    config->version = version;
    config->routes = routes;
    for (size_t i = 0; i < routes; i++)
        config->route[i] = version;
    return config;
}

static void replace_config(struct config *fresh)
{
    struct config *old = atomic_exchange(&current, fresh);
    if (old == NULL || ep_free_deferred(old) == 0)
        return;
    /* Too much waits, or there is no memory to remember it in: wait for the readers, once. */
    if (ep_epoch_barrier() == 0)
        ep_free(old);
}

/* One request: all that it does, it does by one configuration.  The version; 0: it saw something that is none. */
static unsigned serve_request(void)
{
    ep_epoch_enter();
    const struct config *config = atomic_load_explicit(&current, memory_order_acquire);
    unsigned version = config->version;
    for (size_t i = 0; i < config->routes; i++)
        if (config->route[i] != version)
            version = 0;
    ep_epoch_exit();
    return version;
}

static void *serve(void *has_failed)
{
    unsigned last = 1;
    while (!atomic_load_explicit(&is_over, memory_order_relaxed)) {
        unsigned version = serve_request();
        if (version < last)
            *(bool *)has_failed = true;
        last = version;
        atomic_fetch_add_explicit(&reads, 1, memory_order_relaxed);
    }
    return NULL;
}

int main(int argc, char **argv)
{
    unsigned threads = argc > 1 ? (unsigned)atoi(argv[1]) : 4;
    unsigned replacements = argc > 2 ? (unsigned)atoi(argv[2]) : 5000;
    pthread_t ids[THREADS_MAX];
    bool has_failed[THREADS_MAX] = {false};
    bool is_right = threads <= THREADS_MAX;
    replace_config(make_config(1));
    for (unsigned i = 0; is_right && i < threads; i++)
        if (pthread_create(&ids[i], NULL, serve, &has_failed[i]) != 0)
            abort();
    for (unsigned version = 2; version <= replacements; version++) {
        replace_config(make_config(version));
        if (version % 100 == 0)
            sched_yield();
    }
    atomic_store(&is_over, true);
    for (unsigned i = 0; is_right && i < threads; i++) {
        pthread_join(ids[i], NULL);
        is_right = !has_failed[i];
    }
    replace_config(NULL);
    (void)ep_epoch_barrier();
    struct ep_epoch_stats stats;
    if (ep_epoch_stats(&stats, sizeof stats) != 0 || stats.waiting_blocks != 0)
        is_right = false;
    printf("config_swap: %u configurations, %lu requests: %s\n", replacements, atomic_load(&reads),
           is_right ? "right" : "WRONG");
    return is_right ? 0 : 1;
}
