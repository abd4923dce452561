/* What the explorer's own files know of each other. */
#ifndef TESTS_MODEL_SEARCH_H
#define TESTS_MODEL_SEARCH_H

#include "explore.h"

/* The running thread is about to do something that others may notice: others may go on first.  `arguments` says
 * what, `stack` is where the thread's own stack ends. */
void search_point(uint64_t arguments, const void *stack);

/* Counts an access of the running thread; fails when it makes too many. */
void search_count(void);

/* An object has come to be shared: the search is to begin again. */
void search_restart(void);

/* Whether stores are delayed. */
bool search_is_delayed(void);

/* Whether what is done is to be printed. */
bool search_is_tracing(void);

/* What a thread said that it is doing; "" before. */
const char *search_doing(unsigned thread);

/* model_access(), on the explorer's own stack; the thread's begins at `stack`, with its registers. */
uint64_t access_noted(const struct model_site *site, void *object, uint64_t operand, void *expected,
                      const void *stack);

/* Lets the i-th waiting store of a thread into memory. */
void access_let_in(unsigned thread, unsigned i);

/* One line of a counterexample. */
void trace_access(const struct model_site *site, const void *object, uint64_t before,
                  uint64_t after, const char *remark);
void trace_let_in(unsigned thread, const struct model_site *site, const void *object,
                  uint64_t before, uint64_t after);
void trace_doing(const char *what);

/* States that have been seen. */
void states_clear(void);
uint64_t states_count(void);

/* Adds a state; false: it was there. */
bool states_add(uint64_t state);

/* Whether an address must not be touched now (vm_model.c). */
bool vm_is_gone(uintptr_t address);

#endif
