/* A server that leaks, for the leak report and for docs/profiling.md: four threads begin and end sessions; the copy of a
 * session's name is never freed.
 *
 * Without an argument the program is a test: it runs itself with the report switched on, and the call site that is
 * named first is the right one.
 */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { THREADS = 4, SESSIONS = 4000, PLACES = 64, NAME_BYTES = 160, STATE_BYTES = 500 };

struct session {
    char *name;
    char *state;
    struct session *next;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct session *table[PLACES];

static void *zeroed(size_t bytes)
{
    void *p = malloc(bytes);
    return p == NULL ? NULL : memset(p, 0, bytes);
}

/* The leak: nobody frees what this returns. */
static __attribute__((noinline)) char *copy_name(unsigned number)
{
    char *name = zeroed(NAME_BYTES);
    if (name != NULL)
        (void)snprintf(name, NAME_BYTES, "session %u", number);
    return name;
}

static __attribute__((noinline)) struct session *begin_session(unsigned number)
{
    struct session *session = zeroed(sizeof *session);
    session->name = copy_name(number);
    session->state = zeroed(STATE_BYTES);
    pthread_mutex_lock(&lock);
    session->next = table[number % PLACES];
    table[number % PLACES] = session;
    pthread_mutex_unlock(&lock);
    return session;
}

static __attribute__((noinline)) void end_session(unsigned number)
{
    pthread_mutex_lock(&lock);
    struct session *session = table[number % PLACES];
    table[number % PLACES] = session->next;
    pthread_mutex_unlock(&lock);
    free(session->state);
    session->name = NULL;
    free(session);
}

/* Sessions that stay: reachable, and bigger than the leak in sum. */
static void *serve(void *argument)
{
    uintptr_t thread = (uintptr_t)argument;
    for (unsigned i = 0; i < SESSIONS; i++) {
        unsigned number = (unsigned)thread * SESSIONS + i;
        (void)begin_session(number);
        end_session(number);
    }
    for (unsigned i = 0; i < SESSIONS; i++)
        (void)begin_session((unsigned)thread * SESSIONS + i);
    return NULL;
}

static int run(void)
{
    pthread_t threads[THREADS];
    for (uintptr_t i = 0; i < THREADS; i++)
        if (pthread_create(&threads[i], NULL, serve, (void *)i) != 0)
            return 1;
    for (unsigned i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    return 0;
}

static char report[1 << 16];

static int run_with_report(const char *program)
{
    int status = 1;
    FILE *file = tmpfile();
    pid_t child = fork();
    if (child == 0) {
        setenv("EPMALLOC_CONF", "profile:on,sample:4k,profile_seed:1,leaks:1,leak_exit_code:23", 1);
        dup2(fileno(file), STDERR_FILENO);
        execl(program, program, "serve", (char *)NULL);
        _exit(1);
    }
    waitpid(child, &status, 0);
    rewind(file);
    report[fread(report, 1, sizeof report - 1, file)] = 0;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* The offset in the program's file that stands in the first frame, as an address of this process. */
static uintptr_t first_frame(const char *program)
{
    char *frame = strstr(report, "\n    0x");
    char *offset = frame == NULL ? NULL : strstr(frame, program);
    return offset == NULL ? 0 : strtoull(offset + strlen(program) + 1, NULL, 16);
}

/* A function's offset in the program's file, found as the report finds it: by the kernel's list. */
static uintptr_t offset_of(void *function)
{
    char line[512];
    FILE *maps = fopen("/proc/self/maps", "r");
    while (maps != NULL && fgets(line, sizeof line, maps) != NULL) {
        unsigned long first;
        unsigned long limit;
        unsigned long offset;
        if (sscanf(line, "%lx-%lx %*s %lx", &first, &limit, &offset) == 3 &&
            (uintptr_t)function >= first && (uintptr_t)function < limit)
            return (uintptr_t)function - first + offset;
    }
    return 0;
}

int main(int count, char **arguments __attribute__((unused)))
{
    char program[256] = {0};
    if (count > 1)
        return run();
    if (readlink("/proc/self/exe", program, sizeof program - 1) <= 0)
        return 1;
    int code = run_with_report(program);
    /* zeroed() may have been made part of its callers. */
    uintptr_t frame = first_frame(program);
    int is_right =
        frame - offset_of((void *)copy_name) < 256 || frame - offset_of((void *)zeroed) < 64;
    if (code == 23 && is_right)
        return 0;
    printf("exit code %d, first frame %#lx\n%s", code, (unsigned long)frame, report);
    return 1;
}
