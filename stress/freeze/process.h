/* A process under test and its victims, as the driver sees them: started, seized, stepped, killed.
 *
 * Only the victim is traced; all other threads run freely.  A new process begins without random addresses, so that a
 * run of one victim without bursts repeats itself.
 */
#ifndef STRESS_FREEZE_PROCESS_H
#define STRESS_FREEZE_PROCESS_H

#include "freeze/freeze.h"
#include "freeze/operations.h"
#include "freeze/places.h"

struct process {
    struct freeze_shared *shared;
    int pid;          /* the process that was started */
    int victim;       /* the thread that is traced */
    bool is_standing; /* the victim is stopped by us */
};

/* Its victims have the numbers `first` to `last`. */
void process_start(struct process *process, const struct freeze_operation *operation,
                   unsigned first, unsigned last, const char *preload);
void process_kill(struct process *process);

/* Waits for victim `number`, seizes it, and lets it run to where its steps begin.  False: there is none, because
 * all are through. */
bool process_seize(struct process *process, uint32_t number, const char *preload);

/* One instruction, or one system call.  False: the operation is over. */
bool process_step(struct process *process);

/* The address of the victim's next instruction. */
uintptr_t process_address(const struct process *process);

/* The victim runs on alone. */
void process_let_go(struct process *process);

#endif
