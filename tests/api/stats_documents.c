/* Writes every document of the statistics of one known heap into the folder that is its argument: readers.py gives
 * them to readers that are not ours.  Before, between and after them the figures are the same, because documents
 * allocate nothing; known.txt has what this program knows of them by itself.
 *
 * The heap: blocks of some classes freed by the thread and by another that has ended, runs, huge blocks in use and
 * cached, an arena that is retired.  metrics_in_handler.txt is written in a handler that interrupts malloc and free,
 * again and again, the last one at rest. */
#include <epmalloc/epmalloc.h>

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

enum { BLOCKS = 3000, RUNS = 40, INTERRUPTIONS = 40 };

static void *blocks[BLOCKS];
static void *runs[RUNS];
static void *huge[3];
static size_t live_blocks, live_bytes, run_bytes;

static void require(bool holds, const char *what)
{
    if (holds)
        return;
    fprintf(stderr, "stats_documents: %s\n", what);
    exit(1);
}

static void *free_some(void *unused)
{
    for (unsigned i = 0; i < BLOCKS; i += 5)
        ep_free(blocks[i]);
    return unused;
}

/* Every fifth block is freed by another thread, every third of the others by this one. */
static void make_heap(void)
{
    pthread_t thread;
    for (unsigned i = 0; i < BLOCKS; i++)
        blocks[i] = ep_malloc(1 + i * 10);
    for (unsigned i = 0; i < RUNS; i++)
        runs[i] = ep_malloc(40000 + i * 20000);
    for (unsigned i = 0; i < 3; i++)
        huge[i] = ep_malloc(((size_t)i + 2) << 20);
    require(pthread_create(&thread, NULL, free_some, NULL) == 0, "no thread");
    (void)pthread_join(thread, NULL);
    for (unsigned i = 0; i < BLOCKS; i++)
        if (i % 5 != 0 && i % 3 == 0)
            ep_free(blocks[i]);
    for (unsigned i = 0; i < RUNS; i += 2)
        ep_free(runs[i]);
    ep_free(huge[1]);
}

/* What is live, from the program's side. */
static void count_live(void)
{
    for (unsigned i = 0; i < BLOCKS; i++) {
        if (i % 5 != 0 && i % 3 != 0) {
            live_blocks++;
            live_bytes += ep_usable_size(blocks[i]);
        }
    }
    for (unsigned i = 1; i < RUNS; i += 2)
        run_bytes += ep_usable_size(runs[i]);
}

static FILE *open_document(const char *folder, const char *name)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "we");
    require(file != NULL, path);
    return file;
}

static void write_known(const char *folder)
{
    FILE *file = open_document(folder, "known.txt");
    fprintf(file, "blocks_in_use %zu\nin_use_bytes %zu\n", live_blocks, live_bytes);
    fprintf(file, "runs_in_use %d\nrun_bytes %zu\n", RUNS / 2, run_bytes);
    fprintf(file, "huge_blocks 2\nhuge_bytes %zu\n",
            ep_usable_size(huge[0]) + ep_usable_size(huge[2]));
    fprintf(file, "threads 1\nthreads_born 2\nuncertain_bytes 0\nunaccounted_bytes 0\n");
    require(fclose(file) == 0, "known.txt");
}

static int write_format(int fd, unsigned format)
{
    return ep_stats_write(fd, (enum ep_stats_format)format, EP_STATS_ALL);
}

static int write_metrics(int fd, unsigned unused)
{
    (void)unused;
    return ep_metrics_write(fd);
}

static int write_table(int fd, unsigned unused)
{
    (void)unused;
    return ep_stats_cpython(fd);
}

static void write_document(const char *folder, const char *name, int (*write)(int, unsigned),
                           unsigned format)
{
    FILE *file = open_document(folder, name);
    require(write(fileno(file), format) == 0, name);
    require(fclose(file) == 0, name);
}

/* --- in a handler ----------------------------------------------------------------------------- */

static int handler_file = -1;
static volatile sig_atomic_t interruptions;

static void write_in_handler(int signal)
{
    (void)signal;
    if (lseek(handler_file, 0, SEEK_SET) != 0 || ftruncate(handler_file, 0) != 0 ||
        ep_metrics_write(handler_file) != 0)
        abort();
    interruptions++;
}

/* Allocates and frees until the timer has interrupted it so often. */
static void be_interrupted(const char *folder)
{
    struct sigaction action = {.sa_handler = write_in_handler};
    struct itimerval timer = {{0, 3000}, {0, 3000}};
    struct timespec now;
    FILE *file = open_document(folder, "metrics_in_handler.txt");
    handler_file = fileno(file);
    require(sigaction(SIGPROF, &action, NULL) == 0, "sigaction");
    require(setitimer(ITIMER_PROF, &timer, NULL) == 0, "setitimer");
    for (unsigned i = 0; interruptions < INTERRUPTIONS; i++) {
        void *p[20];
        for (unsigned j = 0; j < 20; j++)
            p[j] = ep_malloc((size_t)i * 37 % 30000 + j * 100);
        for (unsigned j = 0; j < 20; j++)
            ep_free(p[j]);
        /* ThreadSanitizer lets signals in at calls of the C library only. */
        (void)clock_gettime(CLOCK_MONOTONIC, &now);
    }
    timer.it_value.tv_usec = 0;
    require(setitimer(ITIMER_PROF, &timer, NULL) == 0, "setitimer");
    require(raise(SIGPROF) == 0, "raise");
    fclose(file);
}

int main(int count, char **arguments)
{
    require(count == 2, "usage: stats_documents FOLDER");
    const char *folder = arguments[1];
    make_heap();
    count_live();
    (void)ep_purge();
    be_interrupted(folder);
    ep_thread_idle();
    write_known(folder);
    write_document(folder, "stats.txt", write_format, EP_STATS_TEXT);
    write_document(folder, "stats.json", write_format, EP_STATS_JSON);
    write_document(folder, "metrics.txt", write_metrics, 0);
    write_document(folder, "stats.xml", write_format, EP_STATS_XML);
    write_document(folder, "cpython.txt", write_table, 0);
    return 0;
}
