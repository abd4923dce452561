/* Threads that do one thing at a time, while the test waits: the order of all steps is the test's. */
#ifndef TESTS_UNIT_THREAD_H
#define TESTS_UNIT_THREAD_H

#include <pthread.h>
#include <semaphore.h>
#include <stddef.h>

#include <cmocka.h>

/* A thread that lives from begin to end and runs what it is given. */
struct puppet {
    pthread_t thread;
    sem_t given;
    sem_t done;
    void (*act)(void *); /* NULL: end */
    void *argument;
};

static inline void *live(void *argument)
{
    struct puppet *puppet = argument;
    for (;;) {
        sem_wait(&puppet->given);
        if (puppet->act == NULL)
            return NULL;
        puppet->act(puppet->argument);
        sem_post(&puppet->done);
    }
}

static inline void puppet_begin(struct puppet *puppet)
{
    sem_init(&puppet->given, 0, 0);
    sem_init(&puppet->done, 0, 0);
    assert_int_equal(pthread_create(&puppet->thread, NULL, live, puppet), 0);
}

/* Runs act(argument) on the puppet's thread and returns when it is done. */
static inline void puppet_do(struct puppet *puppet, void (*act)(void *), void *argument)
{
    puppet->act = act;
    puppet->argument = argument;
    sem_post(&puppet->given);
    sem_wait(&puppet->done);
}

/* Ends the thread, as a thread ends that returns from its function. */
static inline void puppet_end(struct puppet *puppet)
{
    puppet->act = NULL;
    sem_post(&puppet->given);
    assert_int_equal(pthread_join(puppet->thread, NULL), 0);
    sem_destroy(&puppet->given);
    sem_destroy(&puppet->done);
}

/* Runs act(argument) on a thread that lives for nothing else. */
static inline void on_thread(void (*act)(void *), void *argument)
{
    struct puppet puppet;
    puppet_begin(&puppet);
    puppet_do(&puppet, act, argument);
    puppet_end(&puppet);
}

#endif
