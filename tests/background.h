/* The helper thread as the kernel shows it: the threads of this process that are named "epmalloc". */
#ifndef TESTS_BACKGROUND_H
#define TESTS_BACKGROUND_H

#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* A file of a thread's folder in /proc; NULL: there is none. */
static inline FILE *open_of_thread(const char *number, const char *name)
{
    char path[320];
    snprintf(path, sizeof path, "/proc/self/task/%s/%s", number, name);
    return fopen(path, "re");
}

static inline bool is_background(const char *number)
{
    char name[32] = "";
    FILE *comm = open_of_thread(number, "comm");
    if (comm == NULL)
        return false;
    bool is_named = fgets(name, sizeof name, comm) != NULL && strcmp(name, "epmalloc\n") == 0;
    fclose(comm);
    return is_named;
}

/* The number of such threads; of the last one, a file of its folder in *file if that is asked for. */
static inline unsigned look_for_background(const char *name, FILE **file)
{
    unsigned count = 0;
    DIR *tasks = opendir("/proc/self/task");
    const struct dirent *task;
    while (tasks != NULL && (task = readdir(tasks)) != NULL) {
        if (task->d_name[0] == '.' || !is_background(task->d_name))
            continue;
        count++;
        if (file != NULL)
            *file = open_of_thread(task->d_name, name);
    }
    if (tasks != NULL)
        closedir(tasks);
    return count;
}

static inline unsigned count_background(void)
{
    return look_for_background(NULL, NULL);
}

static inline FILE *open_background(const char *name)
{
    FILE *file = NULL;
    (void)look_for_background(name, &file);
    return file;
}

/* Waits until there are so many; false when there are more. */
static inline bool await_background(unsigned wanted)
{
    unsigned count;
    while ((count = count_background()) < wanted) {
        struct timespec moment = {.tv_nsec = 1000000};
        nanosleep(&moment, NULL);
    }
    return count == wanted;
}

#endif
