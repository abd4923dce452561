/* What scenarios ask the model of virtual memory. */
#ifndef TESTS_MODEL_VM_MODEL_H
#define TESTS_MODEL_VM_MODEL_H

#include <stdint.h>

/* Reads memory that the thread does not hold, as a walker does: it must be readable, whatever it holds. */
void model_look(const void *address);

/* Ranges that have gone back to the system. */
uint64_t vm_gone_ranges(void);

#endif
