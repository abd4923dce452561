/* Explored threads as the cache layer sees them: each with its thread-local block, a birth and an exit. */
#ifndef TESTS_MODEL_THREADS_MODEL_H
#define TESTS_MODEL_THREADS_MODEL_H

/* In a set-up: thread-local blocks follow the explored threads from now on. */
void threads_have_locals(void);

/* In a set-up: what is done next is done as the i-th thread, until THREADS_MAX is named. */
void threads_act_as(unsigned i);

/* scenario.begin: every thread has the block that it had after the set-up. */
void threads_begin(void);

/* The running thread ends, as far as the allocator sees it. */
void threads_exit(void);

#endif
