/* Explores scenarios, each in a process of its own.  --help tells how. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "overlap.h"
#include "scenarios.h"

static const struct scenario *const lists[] = {
    scenarios_litmus,  scenarios_pool,    scenarios_hints,  scenarios_arena,
    scenarios_retire,  scenarios_huge,    scenarios_run,    scenarios_epoch,
    scenarios_account, scenarios_grace,   scenarios_cache,  scenarios_deferred,
    scenarios_events,  scenarios_uncarve, scenarios_stable, scenarios_tracked};
enum { LISTS = sizeof lists / sizeof lists[0] };

static const char *const usage =
    "model [OPTION]... [SCENARIO]...   (a name, or the beginning of several)\n"
    "  --list            names the scenarios and what each tries\n"
    "  --full            the long ones too, and no limit of states\n"
    "  --delayed         stores become visible to others at any time later\n"
    "  --clocks          states that differ in what happened before what are different (more of "
    "them; races)\n"
    "  --preemptions N   executions with up to N preemptions, not all\n"
    "  --states N        gives a search up at so many states (default 3000000)\n"
    "  --overlaps        at the end the table of operations that met; an error where a pair is "
    "missing\n"
    "  --complete        an error where a search could not be completed\n"
    "  --expect-failure  succeeds when some scenario fails (of a seeded fault)\n";

static struct {
    struct limits limits;
    bool is_full;
    bool is_listing;
    bool wants_overlaps;
    bool expects_failure;
    bool wants_all;
    char **wanted;
    int wanted_count;
} options = {.limits = {UINT32_MAX, 3000000, false, false}};

static unsigned number(const char *text)
{
    char *end;
    unsigned long value = strtoul(text == NULL ? "" : text, &end, 10);
    if (end == text || *end != '\0' || value >= UINT32_MAX) {
        fputs(usage, stderr);
        exit(2);
    }
    return (unsigned)value;
}

static void read_options(int count, char **words)
{
    int i = 1;
    for (; i < count && words[i][0] == '-'; i++) {
        if (strcmp(words[i], "--list") == 0) {
            options.is_listing = true;
        } else if (strcmp(words[i], "--full") == 0) {
            options.is_full = true;
            options.limits.states_max = UINT32_MAX;
        } else if (strcmp(words[i], "--clocks") == 0) {
            options.limits.has_clocks = true;
        } else if (strcmp(words[i], "--delayed") == 0) {
            options.limits.is_delayed = true;
        } else if (strcmp(words[i], "--overlaps") == 0) {
            options.wants_overlaps = true;
        } else if (strcmp(words[i], "--complete") == 0) {
            options.wants_all = true;
        } else if (strcmp(words[i], "--expect-failure") == 0) {
            options.expects_failure = true;
        } else if (strcmp(words[i], "--preemptions") == 0) {
            options.limits.preemptions_max = number(words[++i]);
        } else if (strcmp(words[i], "--states") == 0) {
            options.limits.states_max = number(words[++i]);
        } else {
            fputs(usage, strcmp(words[i], "--help") == 0 ? stdout : stderr);
            exit(strcmp(words[i], "--help") == 0 ? 0 : 2);
        }
    }
    options.wanted = words + i;
    options.wanted_count = count - i;
}

static bool is_wanted(const struct scenario *scenario)
{
    bool is_wanted = options.wanted_count == 0 && (options.is_full || !scenario->is_long);
    for (int i = 0; i < options.wanted_count; i++)
        if (strncmp(scenario->name, options.wanted[i], strlen(options.wanted[i])) == 0)
            is_wanted = true;
    return is_wanted;
}

static void on_fault(int signal)
{
    model_fail("signal %d", signal);
}

static void catch_faults(void)
{
    static char stack[64 << 10];
    stack_t alternative = {.ss_sp = stack, .ss_size = sizeof stack};
    struct sigaction action = {.sa_handler = on_fault, .sa_flags = SA_ONSTACK | SA_NODEFER};
    (void)sigaltstack(&alternative, NULL);
    (void)sigaction(SIGSEGV, &action, NULL);
    (void)sigaction(SIGBUS, &action, NULL);
}

static void print_figures(const struct scenario *scenario, const struct figures *figures)
{
    char extent[64] = "complete";
    if (!figures->is_complete)
        (void)snprintf(extent, sizeof extent, "up to %u preemptions", figures->preemptions);
    printf("%-22s %9ju executions %8ju states %3u points, depth %3u, %6.2f s, %s\n", scenario->name,
           (uintmax_t)figures->executions, (uintmax_t)figures->states, figures->points,
           figures->depth, figures->seconds, extent);
}

/* In a process of its own; its exit status: 0 right, 1 a counterexample. */
static int run_scenario(const struct scenario *scenario)
{
    fflush(NULL);
    pid_t process = fork();
    if (process == 0) {
        struct figures figures;
        catch_faults();
        bool is_right = explore(scenario, options.limits, &figures);
        print_figures(scenario, &figures);
        fflush(NULL);
        bool is_short = options.wants_all && !figures.is_complete && !scenario->is_faulty;
        _exit(is_right && !is_short ? 0 : 1);
    }
    int status = 0;
    if (waitpid(process, &status, 0) != process || !WIFEXITED(status))
        printf("%s: ended with wait status 0x%x\n", scenario->name, (unsigned)status);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 4;
}

static int visit(const struct scenario *scenario)
{
    if (!is_wanted(scenario))
        return 0;
    if (!options.is_listing)
        return run_scenario(scenario);
    printf("%-22s %s%s\n", scenario->name, scenario->claim, scenario->is_long ? " (long)" : "");
    return 0;
}

int main(int count, char **words)
{
    unsigned failures = 0;
    int worst = 0;
    read_options(count, words);
    overlap_share();
    for (unsigned i = 0; i < LISTS; i++) {
        for (const struct scenario *scenario = lists[i]; scenario->name != NULL; scenario++) {
            int status = visit(scenario);
            failures += status == 1;
            worst = status > worst ? status : worst;
        }
    }
    if (worst > 1)
        return worst;
    if (options.expects_failure) {
        printf("%s\n", failures != 0 ? "the fault is found" : "the fault is NOT found");
        return failures != 0 ? 0 : 1;
    }
    if (options.wants_overlaps && !overlap_report())
        return 1;
    return failures != 0 ? 1 : 0;
}
