/* The profiler.  The argument stands in profiler.h. */
#include "observe/profiler.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "observe/draw.h"
#include "observe/heap_text.h"
#include "observe/leaks.h"
#include "observe/pprof.h"
#include "observe/sampling.h"
#include "observe/stack.h"
#include "observe/summary.h"
#include "sys/options.h"
#include "sys/report.h"

static _Atomic(uint64_t) files;

int ep__profiler_start(size_t interval_bytes)
{
    uint64_t interval = interval_bytes != 0 ? interval_bytes : ep__option_get(EP__OPTION_SAMPLE);
    if (interval > EP__INTERVAL_MAX)
        return EINVAL;
    ep__stack_prepare();
    int failure = ep__sampling_start(interval, ep__option_get(EP__OPTION_PROFILE_SEED));
    if (failure == 0)
        ep__sampling_begin_here();
    return failure;
}

bool ep__profiler_put(struct stream *stream, enum ep_profile_format format,
                      enum ep_profile_kind kind)
{
    uint64_t interval = ep__sampling_interval();
    enum ep__profile_kind as = (enum ep__profile_kind)kind;
    if (format == EP_PROFILE_SUMMARY)
        ep__summary_put(stream, as, interval);
    else if (format == EP_PROFILE_JEMALLOC)
        ep__heap_text_put(stream, EP__TEXT_JEMALLOC, as, interval);
    else if (format == EP_PROFILE_GPERFTOOLS)
        ep__heap_text_put(stream, EP__TEXT_GPERFTOOLS, as, interval);
    else
        return false;
    return true;
}

int ep__profiler_write(int file, enum ep_profile_format format, enum ep_profile_kind kind)
{
    struct stream stream;
    uint64_t interval = ep__sampling_interval();
    if ((unsigned)kind > EP_PROFILE_GROWTH || interval == 0)
        return EINVAL;
    if (format == EP_PROFILE_PPROF)
        return ep__pprof_write((enum ep__profile_kind)kind, interval, file);
    ep__stream_begin(&stream, ep__stream_to_file, &file);
    return ep__profiler_put(&stream, format, kind) ? ep__stream_end(&stream) : EINVAL;
}

static void make_name(struct text *name, char *buffer, size_t size)
{
    ep__text_begin(name, buffer, size);
    ep__text_put(name, "epmalloc.");
    ep__text_put_dec(name, (uint64_t)getpid());
    ep__text_put(name, ".");
    /* order: relaxed -- a number that no other file of the process gets */
    ep__text_put_dec(name, ep__fetch_add_relaxed(&files, 1));
    ep__text_put(name, ".pb.gz");
}

static void report_file(const char *name, int failure)
{
    struct report report;
    ep__report_begin(&report);
    ep__report_text(&report, failure == 0 ? "the heap profile is in " : "no heap profile in ");
    ep__report_text(&report, name);
    if (failure != 0) {
        ep__report_text(&report, ", errno ");
        ep__report_dec(&report, (uint64_t)failure);
    }
    ep__report_emit(&report);
}

void ep__profiler_write_file(void)
{
    int saved = errno;
    char buffer[64];
    struct text name;
    int failure = 0;
    make_name(&name, buffer, sizeof buffer);
    int file = open(buffer, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (file < 0) {
        failure = errno;
    } else {
        failure = ep__profiler_write(file, EP_PROFILE_PPROF, EP_PROFILE_HEAP);
        (void)close(file);
    }
    report_file(buffer, failure);
    errno = saved;
}

/* The handler of the signal that an option names: it may have interrupted an allocation. */
static void act_on_signal(int signal)
{
    (void)signal;
    int saved = errno;
    if (ep__sampling_is_on())
        ep__profiler_write_file();
    else
        (void)ep__sampling_start(ep__option_get(EP__OPTION_SAMPLE),
                                 ep__option_get(EP__OPTION_PROFILE_SEED));
    errno = saved;
}

static void install_handler(int number)
{
    struct sigaction action = {.sa_handler = act_on_signal, .sa_flags = SA_RESTART};
    struct report report;
    if (sigaction(number, &action, NULL) == 0)
        return;
    ep__report_begin(&report);
    ep__report_text(&report, "profile_signal: no handler can be set for signal ");
    ep__report_dec(&report, (uint64_t)number);
    ep__report_emit(&report);
}

/* Who asks there may want to start the sampling. */
static bool is_endpoint_wanted(void)
{
    const char *endpoint = ep__option_text(EP__TEXT_ENDPOINT);
    return endpoint != NULL && *endpoint != 0 && strcmp(endpoint, "0") != 0;
}

/* After the pthread key, which thread.c makes at load. */
__attribute__((constructor(102))) static void begin(void)
{
    ep__options_load();
    uint64_t number = ep__option_get(EP__OPTION_PROFILE_SIGNAL);
    if (number != 0 || is_endpoint_wanted())
        ep__stack_prepare();
    if (number != 0)
        install_handler((int)number);
    if (ep__option_get(EP__OPTION_PROFILE) != 0)
        (void)ep__profiler_start(0);
}

/* After the program's own destructors and exit functions. */
__attribute__((destructor(102))) static void end(void)
{
    if (ep__option_get(EP__OPTION_PROFILE) == EP__PROFILE_EXIT)
        ep__profiler_write_file();
    if (ep__option_get(EP__OPTION_LEAKS) != 0)
        ep__leaks_at_exit();
}
