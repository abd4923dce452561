/* Threads of a stress program, and of the harness (harness.h). */
#include <string.h>

#include "harness.h"

pthread_t stress_thread_start(void *(*body)(void *), void *argument)
{
    pthread_t thread;
    int error = pthread_create(&thread, NULL, body, argument);
    stress_require(error == 0, "pthread_create: %s", strerror(error));
    return thread;
}

void stress_thread_join(pthread_t thread)
{
    int error = pthread_join(thread, NULL);
    stress_require(error == 0, "pthread_join: %s", strerror(error));
}

static void *run_member(void *argument)
{
    const struct stress_member *member = argument;
    member->body(member->number);
    return NULL;
}

void stress_team_start(struct stress_team *team, unsigned count, void (*body)(unsigned number))
{
    team->count = count;
    for (unsigned i = 0; i < count; i++) {
        struct stress_member *member = &team->members[i];
        member->body = body;
        member->number = i;
        member->thread = stress_thread_start(run_member, member);
    }
}

void stress_team_join(struct stress_team *team)
{
    for (unsigned i = 0; i < team->count; i++)
        stress_thread_join(team->members[i].thread);
}

void stress_team_run(unsigned count, void (*body)(unsigned number))
{
    struct stress_team team;
    stress_team_start(&team, count, body);
    stress_team_join(&team);
}

static pthread_mutex_t attendants_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t attendant_runs = PTHREAD_COND_INITIALIZER;

struct attendant {
    void *(*body)(void *);
    bool is_running;
};

static void *run_attendant(void *argument)
{
    struct attendant *attendant = argument;
    void *(*body)(void *) = attendant->body;
    (void)pthread_mutex_lock(&attendants_lock);
    attendant->is_running = true;
    (void)pthread_cond_signal(&attendant_runs);
    (void)pthread_mutex_unlock(&attendants_lock); /* the argument is gone from here on */
    return body(NULL);
}

/* A thread that is still being made may hold locks of a sanitizer's allocator, which a child forked meanwhile never
 * gets. */
void stress_attendant_start(void *(*body)(void *))
{
    struct attendant attendant = {.body = body, .is_running = false};
    (void)pthread_detach(stress_thread_start(run_attendant, &attendant));
    (void)pthread_mutex_lock(&attendants_lock);
    while (!attendant.is_running)
        (void)pthread_cond_wait(&attendant_runs, &attendants_lock);
    (void)pthread_mutex_unlock(&attendants_lock);
}
