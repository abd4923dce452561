/* Results (result.h). */
#include "freeze/result.h"

#include <inttypes.h>
#include <string.h>

#include "freeze/judge.h"

const char *freeze_result_allocator(const struct freeze_settings *settings)
{
    if (settings->preload == NULL)
        return "the C library";
    const char *name = strrchr(settings->preload, '/');
    return name == NULL ? settings->preload : name + 1;
}

static uint64_t blocked_apart(const struct outcome *outcome)
{
    return outcome->blocked[FREEZE_C_LIBRARY] + outcome->blocked[FREEZE_OTHER];
}

static void say_region(const struct outcome *outcome, const struct region *region)
{
    char name[256];
    freeze_place_name(region->first, name, sizeof name);
    (void)fprintf(stderr,
                  "stress_freeze: %s%s: others (%s) are blocked from %s, for %" PRIu64 " stops\n",
                  region->is_own ? "BLOCKED " : "apart: ", outcome->operation->name,
                  freeze_kind_name(region->kind), name, region->stops);
}

void freeze_result_say(const struct freeze_settings *settings, const struct outcome *outcome)
{
    (void)printf("%-16s %8" PRIu64 " instructions %7" PRIu64 " stops %6" PRIu64
                 " apart  blocked: %u/%" PRIu64 "  apart: %u/%" PRIu64 "\n",
                 outcome->operation->name, outcome->instructions, outcome->stops[FREEZE_ALLOCATOR],
                 outcome->stops[FREEZE_C_LIBRARY] + outcome->stops[FREEZE_OTHER],
                 freeze_region_count(outcome, true), outcome->blocked[FREEZE_ALLOCATOR],
                 freeze_region_count(outcome, false), blocked_apart(outcome));
    bool is_shown = false;
    for (unsigned i = freeze_region_next(outcome, 0); i < FREEZE_REGIONS;
         i = freeze_region_next(outcome, i + 1)) {
        bool is_first_own = outcome->regions[i].is_own && !is_shown;
        is_shown |= outcome->regions[i].is_own;
        if (settings->prints_all || is_first_own)
            say_region(outcome, &outcome->regions[i]);
    }
    (void)fflush(stdout);
}

void freeze_result_say_losses(const struct losses *losses)
{
    char name[256] = "";
    freeze_place_name(losses->most_place, name, sizeof name);
    (void)printf("left for good at %u instructions (%u missed): others blocked %u, above the bound "
                 "%u; most lost %zu "
                 "bytes (%s at %s), most growth %zu bytes; bounds %zu, %zu\n",
                 losses->samples, losses->missed, losses->blocked, losses->above,
                 losses->most_bytes,
                 losses->most_operation == NULL ? "-" : losses->most_operation->name, name,
                 losses->most_growth_bytes, FREEZE_LOST_BYTES_MAX, FREEZE_GROWTH_BYTES_MAX);
}

static bool is_first;

void freeze_result_begin(FILE *file, const struct freeze_settings *settings)
{
    is_first = true;
    (void)fprintf(file, "{\"library\": \"%s\", \"seed\": %" PRIu64 ", \"operations\": [",
                  settings->preload == NULL ? "" : settings->preload, settings->seed);
}

void freeze_result_add(FILE *file, const struct outcome *outcome)
{
    (void)fprintf(file,
                  "%s\n  {\"name\": \"%s\", \"instructions\": %" PRIu64 ", \"stops\": %" PRIu64
                  ", \"stops_apart\": %" PRIu64 ", \"blocked\": %" PRIu64
                  ", \"blocked_apart\": %" PRIu64 ", \"regions\": [",
                  is_first ? "" : ",", outcome->operation->name, outcome->instructions,
                  outcome->stops[FREEZE_ALLOCATOR],
                  outcome->stops[FREEZE_C_LIBRARY] + outcome->stops[FREEZE_OTHER],
                  outcome->blocked[FREEZE_ALLOCATOR], blocked_apart(outcome));
    is_first = false;
    const char *comma = "";
    for (unsigned i = freeze_region_next(outcome, 0); i < FREEZE_REGIONS;
         i = freeze_region_next(outcome, i + 1)) {
        const struct region *region = &outcome->regions[i];
        char name[256];
        freeze_place_name(region->first, name, sizeof name);
        (void)fprintf(file,
                      "%s\n    {\"first\": \"%s\", \"own\": %s, \"stops\": %" PRIu64
                      ", \"others\": \"%s\"}",
                      comma, name, region->is_own ? "true" : "false", region->stops,
                      freeze_kind_name(region->kind));
        comma = ",";
    }
    (void)fprintf(file, "]}");
}

static void write_reached(FILE *file)
{
    const struct freeze_library *library = freeze_places_allocator();
    bool begun = false;
    for (size_t i = 0; library != NULL && i < library->mark_count; i++) {
        if (library->marks[i].stops == 0)
            continue;
        (void)fprintf(file, "%s%" PRIuPTR, begun ? "," : "", library->first + i);
        begun = true;
    }
}

void freeze_result_end(FILE *file, const struct losses *losses)
{
    char name[256] = "";
    freeze_place_name(losses->most_place, name, sizeof name);
    (void)fprintf(
        file,
        "],\n \"losses\": {\"samples\": %u, \"blocked\": %u, \"above\": %u, \"most_bytes\": %zu, "
        "\"most_place\": \"%s\", \"most_growth_bytes\": %zu},\n \"reached\": [",
        losses->samples, losses->blocked, losses->above, losses->most_bytes, name,
        losses->most_growth_bytes);
    write_reached(file);
    (void)fprintf(file, "]}\n");
}
