/* The explorer: runs a scenario's threads in every order that can make a difference.
 *
 * Nouns: a *scenario* is up to four threads with a few operations each.  A *point* is an atomic access of an
 * object that several threads use and one of them writes: there the explorer decides who goes on.  A *state* is
 * what is in memory, what happened before what, and each thread's stack and registers.  An *execution* runs the
 * threads from the beginning to the end, or to a state that was seen before.
 *
 * Algorithm.  Depth-first search without snapshots: each execution begins anew, repeats the decisions of the
 * last one up to the deepest with an alternative left, takes that, and goes on with the running thread where it
 * can.  A thread is a context of one system thread, so an execution is a function of its decisions alone.  Which
 * objects make points is found out: an object becomes one when a second thread uses it, and the search
 * starts again.  What is not a point moves nobody else and is moved by nobody else, so other orders of it
 * lead to the same states.
 *
 * First every execution with no preemption is tried, then with one, two, ..., so that the first
 * counterexample has the fewest; then all, without a bound.
 *
 * Delayed mode (buffers.h): a store becomes visible to others at a later step of its own.
 */
#ifndef TESTS_MODEL_EXPLORE_H
#define TESTS_MODEL_EXPLORE_H

#include "memory.h"

struct scenario {
    const char *name;
    const char *claim;    /* one sentence: what is tried */
    void (*set_up)(void); /* once; what it makes is there before each execution */
    void (*begin)(void);  /* before each execution, where the scenario keeps books of its own */
    void (*threads[THREADS_MAX])(void);
    uint64_t (*state)(void); /* what the scenario's own books add to the state */
    void (*always)(void);    /* holds in every state; reads only */
    void (*at_rest)(void);   /* holds at the end of each execution; may use what it checks */
    const char *(*verdict)(bool is_delayed); /* after the search: what it has not seen, or NULL */
    bool is_faulty;                          /* a counterexample must be found */
    bool is_long;                            /* only with --full */
};

struct limits {
    unsigned preemptions_max; /* UINT32_MAX: all executions */
    unsigned states_max;
    bool is_delayed;
    bool has_clocks; /* what happened before what is part of the state in the complete search too */
};

struct figures {
    uint64_t executions;
    uint64_t states;
    unsigned points;      /* objects at which threads meet */
    unsigned depth;       /* of the longest execution, in decisions */
    unsigned preemptions; /* the bound that the search was completed with; UINT32_MAX: none */
    bool is_complete;
    double seconds;
};

/* Searches; on a violation prints a counterexample and returns false. */
bool explore(const struct scenario *scenario, struct limits limits, struct figures *figures);

/* Says that something is wrong, from a thread or a check; does not return. */
_Noreturn void model_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));
#define model_assert(condition)                                                                    \
    ((condition) ? (void)0 : model_fail("%s:%d: not true: %s", __FILE__, __LINE__, #condition))

/* The explorer itself cannot go on. */
_Noreturn void model_break(const char *what);

/* The thread that is running, from 0; THREADS_MAX: none is. */
unsigned model_thread(void);

/* Whether accesses are to be noted now: a thread runs, or a check that may change memory. */
bool model_is_noting(void);

/* What the running thread is doing: for the trace. */
void model_doing(const char *what);

/* Remembers over executions that something was seen, and says whether it was. */
void model_see(void);
bool model_has_seen(void);

/* An object to which threads only add, without using the sum. */
void model_counter(void *object, unsigned size);

/* A tracked write from code that is not instrumented. */
void model_set(uint64_t *object, uint64_t value);

/* Called when another thread goes on; THREADS_MAX: none. */
extern void (*model_on_switch)(unsigned from, unsigned to);

/* What the running thread has to itself beside stack and registers, as a number. */
extern uint64_t (*model_own_state)(void);

/* A plain access; from hooks.c. */
void model_plain(void *address, unsigned size, bool is_write);

/* Names of objects in counterexamples (trace.c). */
const char *model_name_of(const void *address);

#endif
