/* stress_freeze: one thread is stopped after each instruction of an operation; others must go on.
 *
 * Claim: no operation of the allocator waits for a particular thread.  If it were false, others would be
 * blocked at some instruction of some operation, and the program would name it, print "FAILED" and exit with
 * status 1.  Works for any allocator that is preloaded.
 *
 *     stress_freeze [--preload LIBRARY] [--operations A,B...] [--exclude A,B...] [--iterations N]
 *                   [--repeats N] [--every N] [--lost N] [--seed N] [--smoke] [--all] [--brief] [--json FILE]
 *
 *     --iterations N  victims an operation (default 4)
 *     --repeats N     stops at the same instruction a victim (default 6)
 *     --every N       only each N-th instruction is a stop (default 1)
 *     --lost N        the second mode, with N instructions in all; then --iterations and so on mean nothing
 *     --smoke         one victim, two repeats, few processes for what only the first thread of a process does
 *     --all           prints all regions, not the first of each operation
 *     --brief         ends with the first region
 *     --list          prints the operations
 *
 * freeze.h has the parts and their words, driver.h the first mode, lost.h the second, judge.h when others count as
 * blocked.  Replay: addresses are not random, and the seed chooses what others do at which stop; how they interleave
 * is the machine's choice.
 */
#include <getopt.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "freeze/result.h"

static struct freeze_settings settings = {
    .seed = 1, .iterations = 4, .repeats = 6, .every = 1, .stride = 1};
static struct outcome outcome;

_Noreturn void freeze_fail(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    (void)fflush(stdout);
    (void)fprintf(stderr, "stress_freeze: FAILED: ");
    (void)vfprintf(stderr, format, arguments);
    (void)fprintf(stderr, "\n");
    va_end(arguments);
    exit(1);
}

/* Children die with the driver. */
static void give_up(int signal)
{
    static const char said[] =
        "stress_freeze: FAILED: a victim has not come through for a quarter of an hour\n";
    (void)signal;
    (void)!write(STDERR_FILENO, said, sizeof said - 1);
    _exit(1);
}

static bool is_in(const char *list, const char *name)
{
    size_t length = strlen(name);
    for (const char *at = list; at != NULL; at = strchr(at, ',')) {
        at += *at == ',';
        if (strncmp(at, name, length) == 0 && (at[length] == ',' || at[length] == '\0'))
            return true;
    }
    return false;
}

static bool is_ours(void)
{
    const char *name = settings.preload == NULL ? "" : settings.preload;
    return strstr(name, "epmalloc") != NULL;
}

/* A limit of address space is chosen for our window; others reserve as they like. */
static bool is_chosen(const struct freeze_operation *operation)
{
    bool is_named = settings.operations != NULL;
    if (is_in(settings.exclude, operation->name) ||
        (is_named && !is_in(settings.operations, operation->name)))
        return false;
    return is_ours() || (!operation->is_ours_only && operation->address_bytes_max == 0);
}

static void check_names(const char *list)
{
    char names[512] = "";
    if (list != NULL)
        (void)snprintf(names, sizeof names, "%s", list);
    for (char *name = strtok(names, ","); name != NULL; name = strtok(NULL, ","))
        if (freeze_operation_find(name) == NULL)
            freeze_fail("no operation is called %s (--list lists them)", name);
}

static _Noreturn void list_operations(void)
{
    const struct freeze_operation *operation;
    for (unsigned i = 0; (operation = freeze_operation_at(i)) != NULL; i++)
        (void)printf("%s\n", operation->name);
    exit(0);
}

enum {
    PRELOAD,
    OPERATIONS,
    EXCLUDE,
    ITERATIONS,
    REPEATS,
    EVERY,
    LOST,
    SEED,
    SMOKE,
    ALL,
    BRIEF,
    JSON,
    LIST,
    CHILD
};

static const struct option options[] = {
    {"preload", required_argument, NULL, PRELOAD},
    {"operations", required_argument, NULL, OPERATIONS},
    {"exclude", required_argument, NULL, EXCLUDE},
    {"iterations", required_argument, NULL, ITERATIONS},
    {"repeats", required_argument, NULL, REPEATS},
    {"every", required_argument, NULL, EVERY},
    {"lost", required_argument, NULL, LOST},
    {"seed", required_argument, NULL, SEED},
    {"smoke", no_argument, NULL, SMOKE},
    {"all", no_argument, NULL, ALL},
    {"brief", no_argument, NULL, BRIEF},
    {"json", required_argument, NULL, JSON},
    {"list", no_argument, NULL, LIST},
    {"child", required_argument, NULL, CHILD},
    {NULL, 0, NULL, 0},
};

static unsigned number(void)
{
    char *end;
    unsigned long value = strtoul(optarg, &end, 0);
    if (*optarg == '\0' || *end != '\0' || value > 1000000000)
        freeze_fail("%s is no number", optarg);
    return (unsigned)value;
}

static void take_option(int option, char **arguments)
{
    switch (option) {
    case PRELOAD:
        settings.preload = realpath(optarg, NULL);
        if (settings.preload == NULL)
            freeze_fail("there is no %s", optarg);
        break;
    case OPERATIONS:
        settings.operations = optarg;
        break;
    case EXCLUDE:
        settings.exclude = optarg;
        break;
    case SMOKE:
        settings.iterations = 1;
        settings.repeats = 2;
        settings.stride = 20;
        break;
    case ALL:
        settings.prints_all = true;
        break;
    case BRIEF:
        settings.is_brief = true;
        break;
    case JSON:
        settings.json = optarg;
        break;
    case LIST:
        list_operations();
    case CHILD: /* PAGE OPERATION FIRST LAST, from process.c */
        freeze_child(atoi(optarg), arguments[optind], (unsigned)atoi(arguments[optind + 1]),
                     (unsigned)atoi(arguments[optind + 2]));
    default:
        exit(2);
    }
}

static void take_options(int count, char **arguments)
{
    int option;
    while ((option = getopt_long(count, arguments, "", options, NULL)) != -1) {
        if (option == ITERATIONS)
            settings.iterations = number();
        else if (option == REPEATS)
            settings.repeats = number();
        else if (option == EVERY)
            settings.every = number();
        else if (option == LOST)
            settings.samples = number();
        else if (option == SEED)
            settings.seed = number();
        else
            take_option(option, arguments);
    }
    if (optind != count || settings.iterations == 0 || settings.every == 0)
        freeze_fail("usage: stands at the top of stress/freeze/main.c");
    check_names(settings.operations);
    check_names(settings.exclude);
}

/* Returns the number of the allocator's own regions. */
static unsigned drive_all(FILE *json)
{
    const struct freeze_operation *operation;
    unsigned regions = 0;
    for (unsigned i = 0; (operation = freeze_operation_at(i)) != NULL; i++) {
        if (!is_chosen(operation))
            continue;
        freeze_drive(&settings, operation, &outcome);
        freeze_result_say(&settings, &outcome);
        if (json != NULL)
            freeze_result_add(json, &outcome);
        regions += freeze_region_count(&outcome, true);
    }
    return regions;
}

/* Each operation's share of the samples is its share of the instructions. */
static void lose_all(struct losses *losses)
{
    enum { OPERATIONS_MAX = 64 };
    unsigned counts[OPERATIONS_MAX] = {0}, sum = 0;
    const struct freeze_operation *operation;
    for (unsigned i = 0; (operation = freeze_operation_at(i)) != NULL; i++) {
        if (i == OPERATIONS_MAX)
            freeze_fail("there are more operations than %d", OPERATIONS_MAX);
        counts[i] = is_chosen(operation) ? freeze_count_places(&settings, operation) : 0;
        sum += counts[i];
    }
    for (unsigned i = 0; (operation = freeze_operation_at(i)) != NULL; i++) {
        if (counts[i] == 0)
            continue;
        unsigned count = (unsigned)(((uint64_t)settings.samples * counts[i] + sum - 1) / sum);
        freeze_lose(&settings, operation, count, losses);
    }
    freeze_result_say_losses(losses);
}

int main(int count, char **arguments)
{
    take_options(count, arguments);
    (void)signal(SIGALRM, give_up);
    FILE *json = settings.json == NULL ? NULL : fopen(settings.json, "w");
    if (settings.json != NULL && json == NULL)
        freeze_fail("%s cannot be written", settings.json);
    struct losses losses = {0};
    unsigned regions = 0;
    if (json != NULL)
        freeze_result_begin(json, &settings);
    if (settings.samples != 0)
        lose_all(&losses);
    else
        regions = drive_all(json);
    if (json != NULL) {
        freeze_result_end(json, &losses);
        (void)fclose(json);
    }
    if (regions != 0)
        freeze_fail("others are blocked in %u regions of %s", regions,
                    freeze_result_allocator(&settings));
    if (losses.blocked != 0)
        freeze_fail("others are blocked for good at %u of %u instructions", losses.blocked,
                    losses.samples);
    if (losses.above != 0)
        freeze_fail("memory is lost beyond the bound at %u of %u instructions", losses.above,
                    losses.samples);
    return 0;
}
