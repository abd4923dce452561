/* Thread-local blocks and exits.  See threads_model.h.
 *
 * All explored threads run on one system thread and so share its thread-local block; what is in it is changed
 * when another thread goes on.  The C library's keys are replaced in lib/cache/thread.c by the functions here.
 */
#include "threads_model.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>

#include "cache/background.h"
#include "cache/cache.h"
#include "explore.h"
#include "fiber.h"

static struct tls locals[THREADS_MAX + 1];
static struct tls at_start[THREADS_MAX + 1];
static void (*destructor)(void *);
static unsigned acting = THREADS_MAX;

int model_key_create(pthread_key_t *key, void (*function)(void *));
int model_key_delete(pthread_key_t key);
int model_setspecific(pthread_key_t key, const void *value);
void model_event_thread(void);

void model_event_thread(void)
{
}

int model_key_create(pthread_key_t *key, void (*function)(void *))
{
    *key = 0;
    destructor = function;
    return 0;
}

int model_key_delete(pthread_key_t key)
{
    return (int)key;
}

/* The value is the thread's control block, which its exit finds in the thread-local block. */
int model_setspecific(pthread_key_t key, const void *value)
{
    return value == NULL ? 1 : (int)key;
}

/* The helper thread is off, as it is without an option. */
_Atomic(uint32_t) ep__background_due;

void ep__background_start(void)
{
}

void ep__background_note_child(void)
{
}

static void on_switch(unsigned from, unsigned to)
{
    locals[from] = ep__tls;
    ep__tls = locals[to];
}

static uint64_t own_state(void)
{
    uint64_t words[sizeof(struct tls) / 8];
    uint64_t state = 0;
    memcpy(words, &ep__tls, sizeof words);
    for (unsigned i = 0; i < sizeof words / sizeof words[0]; i++)
        state = hash_mix(state, words[i]);
    return state;
}

void threads_have_locals(void)
{
    for (unsigned i = 0; i <= THREADS_MAX; i++)
        at_start[i] = ep__tls;
    fiber_set_private(&ep__tls, sizeof ep__tls);
    fiber_set_private(&errno, sizeof errno);
    model_on_switch = on_switch;
    model_own_state = own_state;
}

void threads_act_as(unsigned i)
{
    at_start[acting] = ep__tls;
    ep__tls = at_start[i];
    acting = i;
}

void threads_begin(void)
{
    memcpy(locals, at_start, sizeof locals);
    ep__tls = at_start[THREADS_MAX];
}

void threads_exit(void)
{
    model_doing("exit");
    if (ep__tls.cache != NULL)
        destructor(ep__tls.cache);
}
