/* Loads fillers until no static TLS is left, then a module on libepmalloc-dlopen, and uses it in several
 * threads, of which one is older than the module.
 * Arguments: the module that must load, the one that must not (it needs static TLS), the fillers. */
#include <dlfcn.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>

static int (*use_allocator)(void);
static sem_t module_loaded;

static void *use_in_old_thread(void *failed)
{
    sem_wait(&module_loaded);
    *(int *)failed |= use_allocator();
    return NULL;
}

static void *use_in_new_thread(void *failed)
{
    *(int *)failed |= use_allocator();
    return NULL;
}

static int load_fillers(char **paths)
{
    int refused = 0;
    for (; *paths != NULL; paths++)
        refused += dlopen(*paths, RTLD_NOW | RTLD_LOCAL) == NULL;
    return refused;
}

static int load_modules(const char *good, const char *bad)
{
    if (dlopen(bad, RTLD_NOW | RTLD_LOCAL) != NULL) {
        fprintf(stderr, "there is static TLS left: nothing is shown\n");
        return 2;
    }
    fprintf(stderr, "as it should be: %s\n", dlerror());
    void *module = dlopen(good, RTLD_NOW | RTLD_LOCAL);
    if (module == NULL) {
        fprintf(stderr, "%s\n", dlerror());
        return 3;
    }
    *(void **)&use_allocator = dlsym(module, "use_allocator");
    return use_allocator == NULL ? 4 : 0;
}

int main(int count, char **arguments)
{
    int failed[2] = {0, 0};
    pthread_t threads[2];
    if (count < 4 || sem_init(&module_loaded, 0, 0) != 0)
        return 1;
    if (pthread_create(&threads[0], NULL, use_in_old_thread, &failed[0]) != 0)
        return 1;
    int refused = load_fillers(arguments + 3);
    int wrong = load_modules(arguments[1], arguments[2]);
    if (refused == 0 || wrong != 0)
        return wrong + 10;
    sem_post(&module_loaded);
    pthread_join(threads[0], NULL);
    if (pthread_create(&threads[1], NULL, use_in_new_thread, &failed[1]) != 0)
        return 1;
    pthread_join(threads[1], NULL);
    return use_allocator() | failed[0] | failed[1];
}
