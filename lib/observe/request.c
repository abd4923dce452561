/* Requests.  The argument stands in request.h. */
#include "observe/request.h"

#include <epmalloc/epmalloc.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "cache/cache.h"
#include "observe/cpython.h"
#include "observe/formats.h"
#include "observe/map.h"
#include "observe/pages.h"
#include "observe/profile_request.h"
#include "observe/trace.h"
#include "sys/event.h"
#include "sys/options.h"

#define TEXT(x) #x
#define NUMBER(x) TEXT(x)

/* Cuts the first word off; "" when there is none. */
static const char *cut_word(char **rest)
{
    char *word = *rest;
    char *space = strchr(word, ' ');
    if (space == NULL) {
        *rest = word + strlen(word);
    } else {
        *space = '\0';
        *rest = space + 1;
    }
    return word;
}

/* The number of a word of a list that is ended by NULL; -1: it is not there. */
static int find_word(const char *const *words, const char *word)
{
    for (int i = 0; words[i] != NULL; i++)
        if (strcmp(words[i], word) == 0)
            return i;
    return -1;
}

static const char *answer_hello(struct request *request, struct stream *stream)
{
    (void)request;
    ep__stream_put(stream, "{\"epmalloc\":\"" NUMBER(EP_VERSION_MAJOR) "." NUMBER(
                               EP_VERSION_MINOR) "." NUMBER(EP_VERSION_PATCH) "\",\"pid\":");
    ep__stream_put_dec(stream, (uint64_t)getpid());
    ep__stream_put(stream, "}\n");
    return NULL;
}

/* The parts that the words name; 0: one of them is no part. */
static unsigned parse_parts(char *words)
{
    static const char *const names[] = {"process", "classes", "arenas", "threads", NULL};
    unsigned parts = *words == '\0' ? EP_STATS_ALL : 0;
    while (*words != '\0') {
        int i = find_word(names, cut_word(&words));
        if (i < 0)
            return 0;
        parts |= 1U << i;
    }
    return parts;
}

static const char *answer_stats(struct request *request, struct stream *stream)
{
    static const char *const names[] = {[EP_STATS_TEXT] = "text",
                                        [EP_STATS_JSON] = "json",
                                        [EP_STATS_OPENMETRICS] = "openmetrics",
                                        [EP_STATS_XML] = "xml",
                                        NULL};
    char words[EP__REQUEST_BYTES];
    char *rest = strcpy(words, request->argument);
    struct account account;
    int format = find_word(names, cut_word(&rest));
    unsigned parts = parse_parts(rest);
    if (format < 0)
        return "stats must be followed by text, json, openmetrics or xml";
    if (parts == 0)
        return "what is asked for must be process, classes, arenas or threads, or several of them";
    ep__account_take(&account);
    (void)ep__format_put(stream, &account, (enum ep_stats_format)format, parts);
    return NULL;
}

static const char *answer_threads(struct request *request, struct stream *stream)
{
    struct account account;
    (void)request;
    ep__account_take(&account);
    (void)ep__format_put(stream, &account, EP_STATS_JSON, EP_STATS_THREADS);
    return NULL;
}

static const char *answer_cpython(struct request *request, struct stream *stream)
{
    struct account account;
    (void)request;
    ep__account_take(&account);
    ep__cpython_put(stream, &account);
    return NULL;
}

static const char *answer_map(struct request *request, struct stream *stream)
{
    (void)request;
    ep__map_put(stream);
    return NULL;
}

static const char *answer_pages(struct request *request, struct stream *stream)
{
    (void)request;
    ep__pages_put(stream);
    return NULL;
}

static const char *answer_trim(struct request *request, struct stream *stream)
{
    (void)request;
    size_t bytes = ep__cache_purge();
    ep__stream_put(stream, "{\"released_bytes\":");
    ep__stream_put_dec(stream, bytes);
    ep__stream_put(stream, "}\n");
    return NULL;
}

static const char *answer_trace(struct request *request, struct stream *stream)
{
    char words[EP__REQUEST_BYTES];
    char *rest = strcpy(words, request->argument);
    static const char *const names[] = {"start", "stop", NULL};
    int failure = EINVAL;
    switch (find_word(names, cut_word(&rest))) {
    case 0:
        if (*rest != '/')
            return "trace start must be followed by a file's whole name, beginning with /";
        failure = ep__event_start_file(rest, false);
        break;
    case 1:
        failure = ep__trace_end(-1);
        break;
    default:
        return "trace must be followed by start and a file's name, or by stop";
    }
    if (failure != 0)
        return failure == EBUSY ? "a recording runs" : "the file cannot be written";
    ep__stream_put(stream, "{\"dropped\":");
    ep__stream_put_dec(stream, ep__event_dropped());
    ep__stream_put(stream, "}\n");
    return NULL;
}

static const char *answer_options(struct request *request, struct stream *stream)
{
    char bytes[EP__STREAM_BYTES];
    struct text text;
    (void)request;
    ep__text_begin(&text, bytes, sizeof bytes);
    ep__options_text(&text);
    ep__stream_put(stream, bytes);
    ep__stream_put(stream, "\n");
    return NULL;
}

static const char *answer_help(struct request *request, struct stream *stream);

static const struct request_kind kinds[] = {
    {"help", "", "this list", answer_help, NULL, NULL},
    {"hello", "", "the version and the process's number", answer_hello, NULL, NULL},
    {"options", "", "the options in effect", answer_options, NULL, NULL},
    {"stats", "FORMAT [PART ...]",
     "text, json, openmetrics or xml; process, classes, arenas, threads", answer_stats, NULL, NULL},
    {"threads", "", "what each thread holds", answer_threads, NULL, NULL},
    {"cpython", "", "the table of CPython's sys._debugmallocstats()", answer_cpython, NULL, NULL},
    {"map", "", "every arena and pool", answer_map, NULL, NULL},
    {"pages", "", "which pages of pools hold a block in use", answer_pages, NULL, NULL},
    {"trace", "start FILE|stop", "records every change of state into a new file", answer_trace,
     NULL, NULL},
    {"profile", "start|stop|mark|KIND FORMAT",
     "sampling; what it says of heap, peak or growth as text, jemalloc, gperftools or pprof "
     "(base64)",
     ep__profile_request_answer, NULL, NULL},
    {"leaks", "", "blocks that nothing points at", ep__leaks_request_answer, ep__leaks_request_more,
     ep__leaks_request_end},
    {"trim", "", "gives everything free back to the system", answer_trim, NULL, NULL},
};

enum { KINDS = sizeof kinds / sizeof kinds[0] };

static const char *answer_help(struct request *request, struct stream *stream)
{
    (void)request;
    for (unsigned i = 0; i < KINDS; i++) {
        ep__stream_put(stream, kinds[i].name);
        ep__stream_put(stream, *kinds[i].argument == '\0' ? "" : " ");
        ep__stream_put(stream, kinds[i].argument);
        ep__stream_put(stream, ": ");
        ep__stream_put(stream, kinds[i].help);
        ep__stream_put(stream, "\n");
    }
    return NULL;
}

static bool is_printable(const char *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (bytes[i] < ' ' || bytes[i] > '~')
            return false;
    return true;
}

const char *ep__request_parse(char *line, size_t length, struct request *request)
{
    *request = (struct request){.argument = ""};
    if (length >= EP__REQUEST_BYTES)
        return "a request is a line of at most 255 bytes";
    if (!is_printable(line, length))
        return "a request is a line of printable ASCII";
    line[length] = '\0';
    char *rest = line;
    const char *name = cut_word(&rest);
    for (unsigned i = 0; i < KINDS && request->kind == NULL; i++)
        if (strcmp(kinds[i].name, name) == 0)
            request->kind = &kinds[i];
    if (request->kind == NULL)
        return "there is no such request; help lists them";
    if (*rest != '\0' && *request->kind->argument == '\0')
        return "nothing may follow this request; help lists them";
    request->argument = rest;
    return NULL;
}
