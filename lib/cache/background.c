/* The helper thread.  The argument stands in background.h. */
#include "cache/background.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>

#include "cache/upkeep.h"
#include "sys/clock.h"
#include "sys/options.h"
#include "sys/report.h"
#include "sys/task.h"

enum {
    STACK_BYTES = 256 * 1024,
    /* A look at the process's threads reads a file. */
    LOOK_MS = 1000,
};

_Atomic(uint32_t) ep__background_due;

static _Atomic(const struct background_server *) served;

static bool is_wanted(void)
{
    return ep__option_get(EP__OPTION_BACKGROUND) != 0;
}

static void wait_for(const struct background_server *server, uint64_t milliseconds)
{
    if (server != NULL)
        server->wait(milliseconds);
    else
        ep__task_sleep(milliseconds);
}

/* Whether no thread but this one is left, asked once in a while. */
static bool is_last(uint64_t *looked_ms)
{
    uint64_t now = ep__clock_ms();
    if (now - *looked_ms < LOOK_MS)
        return false;
    *looked_ms = now;
    return ep__task_is_last();
}

/* The thread; `before` is the mask of who started it, which atexit handlers get should it be the one to end the
 * process. */
static void *run(void *unused)
{
    (void)unused;
    /* order: acquire SRV -- pairs with ep__background_serve; carries the server's state */
    const struct background_server *server = ep__load_acquire(&served);
    uint64_t looked_ms = ep__clock_ms();
    struct upkeep upkeep = {0};
    ep__task_set_name("epmalloc");
    if (server != NULL)
        server->open();
    while (!is_last(&looked_ms))
        wait_for(server, ep__upkeep_round(&upkeep));
    return NULL;
}

/* A stack of the least size may lack room for the program's thread-local storage; the default one never does. */
static int create_thread(void)
{
    pthread_attr_t attributes;
    pthread_t thread;
    int failure = pthread_attr_init(&attributes);
    if (failure != 0)
        return failure;
    (void)pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    size_t usual;
    (void)pthread_attr_getstacksize(&attributes, &usual);
    (void)pthread_attr_setstacksize(&attributes, STACK_BYTES);
    failure = pthread_create(&thread, &attributes, run, NULL);
    if (failure == EINVAL && pthread_attr_setstacksize(&attributes, usual) == 0)
        failure = pthread_create(&thread, &attributes, run, NULL);
    (void)pthread_attr_destroy(&attributes);
    return failure;
}

EP__COLD void ep__background_start(void)
{
    int saved = errno;
    /* order: relaxed -- the exchange's atomicity decides who starts; the thread is told by its creation */
    if (!ep__task_is_known() || ep__exchange_relaxed(&ep__background_due, 0) == 0)
        return;
    sigset_t every, before;
    (void)sigfillset(&every);
    (void)pthread_sigmask(SIG_SETMASK, &every, &before);
    int failure = create_thread();
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (failure != 0) {
        struct report report;
        ep__report_begin(&report);
        ep__report_text(&report, "the helper thread could not be started, error ");
        ep__report_dec(&report, (uint64_t)failure);
        ep__report_text(&report, "; memory goes back when the program frees");
        ep__report_emit(&report);
    }
    errno = saved;
}

void ep__background_note_child(void)
{
    /* order: relaxed -- see ep__background_is_due */
    ep__store_relaxed(&ep__background_due, is_wanted());
}

void ep__background_serve(const struct background_server *server)
{
    /* order: release SRV -- pairs with run; carries the server's state */
    ep__store_release(&served, server);
}

/* Behind the constructors that say what is served. */
__attribute__((constructor(103))) static void start_at_load(void)
{
    ep__options_load();
    if (!is_wanted())
        return;
    /* order: relaxed -- see ep__background_is_due */
    ep__store_relaxed(&ep__background_due, 1);
    ep__background_start();
}
