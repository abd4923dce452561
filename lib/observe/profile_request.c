/* Requests to the profiler.  The argument stands in profile_request.h. */
#include "observe/profile_request.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "observe/leaks.h"
#include "observe/pprof.h"
#include "observe/profile.h"
#include "observe/profiler.h"
#include "observe/sampling.h"
#include "sys/options.h"

static const char *const kinds[] = {
    [EP_PROFILE_HEAP] = "heap", [EP_PROFILE_PEAK] = "peak", [EP_PROFILE_GROWTH] = "growth"};
static const char *const formats[] = {[EP_PROFILE_PPROF] = "pprof",
                                      [EP_PROFILE_JEMALLOC] = "jemalloc",
                                      [EP_PROFILE_GPERFTOOLS] = "gperftools",
                                      [EP_PROFILE_SUMMARY] = "text"};
enum { KINDS = sizeof kinds / sizeof *kinds, FORMATS = sizeof formats / sizeof *formats };

static const char *start(void)
{
    switch (ep__sampling_start(ep__option_get(EP__OPTION_SAMPLE),
                               ep__option_get(EP__OPTION_PROFILE_SEED))) {
    case 0:
        return NULL;
    case EBUSY:
        return "the checking mode watches all allocations, so none can be sampled";
    default:
        return "an earlier start had another distance of samples, which cannot change";
    }
}

/* The number of the name that the text begins with and that a blank or the end follows; `count`: none. */
static unsigned find_name(const char *const *names, unsigned count, const char *text)
{
    for (unsigned i = 0; i < count; i++) {
        size_t length = names[i] == NULL ? 0 : strlen(names[i]);
        if (length != 0 && strncmp(text, names[i], length) == 0 &&
            (text[length] == ' ' || text[length] == 0))
            return i;
    }
    return count;
}

/* Bytes on their way into a text, three at a time. */
struct base64 {
    struct stream *stream;
    uint32_t bits;
    unsigned bytes;
};

static void put_group(struct base64 *base64)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    char group[4] = {'=', '=', '=', '='};
    for (unsigned i = 0; i <= base64->bytes; i++)
        group[i] = digits[base64->bits >> (18 - 6 * i) & 63];
    ep__stream_put_bytes(base64->stream, group, sizeof group);
    base64->bits = base64->bytes = 0;
}

static int put_base64(void *to, const char *bytes, size_t length)
{
    struct base64 *base64 = to;
    for (size_t i = 0; i < length; i++) {
        base64->bits |= (uint32_t)(unsigned char)bytes[i] << (16 - 8 * base64->bytes);
        if (++base64->bytes == 3)
            put_group(base64);
    }
    return base64->stream->failure;
}

/* A pprof file as a text, because answers are texts. */
static const char *put_pprof(enum ep__profile_kind kind, struct stream *stream)
{
    struct base64 base64 = {stream, 0, 0};
    if (ep__pprof_give(kind, ep__sampling_interval(), (struct pprof_sink){put_base64, &base64}) !=
        0)
        return "there is no memory for the profile";
    if (base64.bytes != 0)
        put_group(&base64);
    ep__stream_put(stream, "\n");
    return NULL;
}

static const char *put_profile(const char *argument, struct stream *stream)
{
    unsigned kind = find_name(kinds, KINDS, argument);
    const char *rest = strchr(argument, ' ');
    unsigned format = rest == NULL ? FORMATS : find_name(formats, FORMATS, rest + 1);
    if (kind == KINDS || format == FORMATS || strchr(rest + 1, ' ') != NULL)
        return "profile must be followed by start, stop or mark, or by heap, peak or growth and "
               "text, jemalloc or "
               "gperftools";
    if (ep__sampling_interval() == 0)
        return "nothing has been sampled; profile start begins";
    if (format == EP_PROFILE_PPROF)
        return put_pprof((enum ep__profile_kind)kind, stream);
    (void)ep__profiler_put(stream, (enum ep_profile_format)format, (enum ep_profile_kind)kind);
    return NULL;
}

const char *ep__profile_request_answer(struct request *request, struct stream *stream)
{
    if (strcmp(request->argument, "start") == 0)
        return start();
    if (strcmp(request->argument, "stop") == 0)
        ep__sampling_stop();
    else if (strcmp(request->argument, "mark") == 0)
        ep__profile_mark();
    else
        return put_profile(request->argument, stream);
    return NULL;
}

/* The request's state: the pipe from which the report comes, plus 1, and the child. */
enum { PIPE, CHILD };

const char *ep__leaks_request_answer(struct request *request, struct stream *stream)
{
    int pipe_end;
    pid_t child;
    (void)stream;
    if (ep__leaks_begin(&pipe_end, &child) != 0)
        return "no child process can be made that looks";
    request->state[PIPE] = (uint64_t)pipe_end + 1;
    request->state[CHILD] = (uint64_t)child;
    return NULL;
}

bool ep__leaks_request_more(struct request *request, struct stream *stream)
{
    char bytes[EP__STREAM_BYTES];
    ssize_t got;
    while ((got = read((int)request->state[PIPE] - 1, bytes, sizeof bytes)) > 0)
        ep__stream_put_bytes(stream, bytes, (size_t)got);
    return got < 0 && (errno == EAGAIN || errno == EINTR);
}

void ep__leaks_request_end(struct request *request)
{
    if (request->state[PIPE] == 0)
        return;
    (void)close((int)request->state[PIPE] - 1);
    ep__leaks_end((pid_t)request->state[CHILD]);
}
