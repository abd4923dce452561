/* What a run has found, for people and for other programs. */
#ifndef STRESS_FREEZE_RESULT_H
#define STRESS_FREEZE_RESULT_H

#include <stdio.h>

#include "freeze/driver.h"
#include "freeze/lost.h"

/* The name of the allocator's library. */
const char *freeze_result_allocator(const struct freeze_settings *settings);

/* A line for an operation, and one for each place at which others were blocked. */
void freeze_result_say(const struct freeze_settings *settings, const struct outcome *outcome);
void freeze_result_say_losses(const struct losses *losses);

/* One object: operations with their regions, losses, and the offsets in the allocator's library at which there was
 * a stop. */
void freeze_result_begin(FILE *file, const struct freeze_settings *settings);
void freeze_result_add(FILE *file, const struct outcome *outcome);
void freeze_result_end(FILE *file, const struct losses *losses);

#endif
