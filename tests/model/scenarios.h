/* All scenarios.  Each list ends with one without a name. */
#ifndef TESTS_MODEL_SCENARIOS_H
#define TESTS_MODEL_SCENARIOS_H

#include "explore.h"

extern const struct scenario scenarios_litmus[];
extern const struct scenario scenarios_pool[];
extern const struct scenario scenarios_hints[];
extern const struct scenario scenarios_arena[];
extern const struct scenario scenarios_retire[];
extern const struct scenario scenarios_huge[];
extern const struct scenario scenarios_run[];
extern const struct scenario scenarios_account[];
extern const struct scenario scenarios_epoch[];
extern const struct scenario scenarios_grace[];
extern const struct scenario scenarios_cache[];
extern const struct scenario scenarios_deferred[];
extern const struct scenario scenarios_events[];
extern const struct scenario scenarios_uncarve[];
extern const struct scenario scenarios_stable[];
extern const struct scenario scenarios_tracked[];

#endif
