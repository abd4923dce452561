/* Formats.  The argument stands in formats.h. */
#include "observe/formats.h"

#include <string.h>

#include "observe/figures.h"

enum { TEXT_NAME_WIDTH = 19 };

/* What the functions that put one record need. */
struct writing {
    struct stream *stream;
    const struct account *account;
    const struct part *part;
    const struct figure *figure; /* OpenMetrics: the one whose samples are put */
    bool is_first;
};

static bool is_wanted(const struct part *part, unsigned parts)
{
    return (part->bit & parts) != 0;
}

/* Calls `put` for each record of a part. */
static void put_records(struct writing *writing, const struct part *part,
                        int (*put)(const void *record, void *argument))
{
    writing->part = part;
    writing->is_first = true;
    (void)ep__part_each(part, writing->account, put, writing);
}

/* Between records of a list: nothing before the first. */
static void put_separator(struct writing *writing, const char *separator)
{
    if (!writing->is_first)
        ep__stream_put(writing->stream, separator);
    writing->is_first = false;
}

/* --- text ----------------------------------------------------------------------------------------- */

static void put_text_lines(struct writing *writing, const void *record)
{
    for (unsigned i = 0; i < writing->part->count; i++) {
        const struct figure *figure = &writing->part->figures[i];
        ep__stream_put(writing->stream, "epmalloc: ");
        ep__stream_put_padded(writing->stream, figure->name, TEXT_NAME_WIDTH);
        ep__stream_put(writing->stream, " = ");
        ep__stream_put_dec(writing->stream, ep__figure_read(figure, record));
        ep__stream_put(writing->stream, "\n");
    }
}

static void put_text_line(struct writing *writing, const void *record)
{
    ep__stream_put(writing->stream, "epmalloc: ");
    ep__stream_put(writing->stream, writing->part->name);
    for (unsigned i = 0; i < writing->part->count; i++) {
        ep__stream_put(writing->stream, " ");
        ep__stream_put(writing->stream, writing->part->figures[i].name);
        ep__stream_put(writing->stream, "=");
        ep__stream_put_dec(writing->stream, ep__figure_read(&writing->part->figures[i], record));
    }
    ep__stream_put(writing->stream, "\n");
}

static int put_text(const void *record, void *argument)
{
    struct writing *writing = argument;
    if (writing->part->plural == NULL)
        put_text_lines(writing, record);
    else
        put_text_line(writing, record);
    return writing->stream->failure;
}

static void put_text_document(struct writing *writing, unsigned parts)
{
    for (unsigned i = 0; i < EP__PARTS; i++)
        if (is_wanted(&ep__parts[i], parts))
            put_records(writing, &ep__parts[i], put_text);
}

/* --- JSON ----------------------------------------------------------------------------------------- */

static int put_json(const void *record, void *argument)
{
    struct writing *writing = argument;
    put_separator(writing, ",\n");
    for (unsigned i = 0; i < writing->part->count; i++) {
        const struct figure *figure = &writing->part->figures[i];
        ep__stream_put(writing->stream, i == 0 ? "{\"" : ",\"");
        ep__stream_put(writing->stream, figure->name);
        ep__stream_put(writing->stream, "\":");
        ep__stream_put_dec(writing->stream, ep__figure_read(figure, record));
    }
    ep__stream_put(writing->stream, "}");
    return writing->stream->failure;
}

static void put_json_document(struct writing *writing, unsigned parts)
{
    const char *separator = "{\"";
    for (unsigned i = 0; i < EP__PARTS; i++) {
        const struct part *part = &ep__parts[i];
        bool is_list = part->plural != NULL;
        if (!is_wanted(part, parts))
            continue;
        ep__stream_put(writing->stream, separator);
        ep__stream_put(writing->stream, is_list ? part->plural : part->name);
        ep__stream_put(writing->stream, is_list ? "\":[" : "\":");
        put_records(writing, part, put_json);
        ep__stream_put(writing->stream, is_list ? "]" : "");
        separator = ",\n\"";
    }
    ep__stream_put(writing->stream, "}\n");
}

/* --- OpenMetrics ---------------------------------------------------------------------------------- */

static const char *const type_names[] = {[EP__GAUGE] = "gauge", [EP__COUNTER] = "counter"};
static const char *const unit_names[] = {[EP__BYTES] = "bytes", [EP__MILLISECONDS] = "seconds"};

/* A unit is told when the name ends in it, as the format demands. */
static bool has_unit(const struct figure *figure)
{
    size_t length = strlen(figure->name);
    if (figure->unit == EP__MILLISECONDS)
        return true;
    return figure->unit == EP__BYTES && length > 5 &&
           strcmp(figure->name + length - 5, "bytes") == 0;
}

/* The family's name: that of the figure, of its part, and for times "seconds", the format's base unit. */
static void put_family(struct writing *writing)
{
    const struct figure *figure = writing->figure;
    size_t length = strlen(figure->name) - (figure->unit == EP__MILLISECONDS ? strlen("ms") : 0);
    ep__stream_put(writing->stream, "epmalloc_");
    if (writing->part->plural != NULL) {
        ep__stream_put(writing->stream, writing->part->name);
        ep__stream_put(writing->stream, "_");
    }
    ep__stream_put_bytes(writing->stream, figure->name, length);
    if (figure->unit == EP__MILLISECONDS)
        ep__stream_put(writing->stream, "seconds");
}

static void put_labels(struct writing *writing, const void *record)
{
    const char *before = "{";
    for (unsigned i = 0; i < writing->part->count; i++) {
        const struct figure *figure = &writing->part->figures[i];
        if (figure->type != EP__LABEL)
            continue;
        ep__stream_put(writing->stream, before);
        ep__stream_put(writing->stream, figure->name);
        ep__stream_put(writing->stream, "=\"");
        ep__stream_put_dec(writing->stream, ep__figure_read(figure, record));
        ep__stream_put(writing->stream, "\"");
        before = ",";
    }
    if (*before == ',')
        ep__stream_put(writing->stream, "}");
}

static void put_seconds(struct stream *stream, uint64_t milliseconds)
{
    ep__stream_put_dec(stream, milliseconds / 1000);
    ep__stream_put(stream, ".");
    /* Three digits, the first of which may be 0: those of a number that begins with 1. */
    char digits[8];
    struct text text;
    ep__text_begin(&text, digits, sizeof digits);
    ep__text_put_dec(&text, 1000 + milliseconds % 1000);
    ep__stream_put(stream, digits + 1);
}

static int put_sample(const void *record, void *argument)
{
    struct writing *writing = argument;
    uint64_t value = ep__figure_read(writing->figure, record);
    put_family(writing);
    ep__stream_put(writing->stream, writing->figure->type == EP__COUNTER ? "_total" : "");
    put_labels(writing, record);
    ep__stream_put(writing->stream, " ");
    if (writing->figure->unit == EP__MILLISECONDS)
        put_seconds(writing->stream, value);
    else
        ep__stream_put_dec(writing->stream, value);
    ep__stream_put(writing->stream, "\n");
    return writing->stream->failure;
}

/* "# TYPE name gauge" and the like. */
static void put_description(struct writing *writing, const char *what, const char *words)
{
    ep__stream_put(writing->stream, what);
    put_family(writing);
    ep__stream_put(writing->stream, " ");
    ep__stream_put(writing->stream, words);
    ep__stream_put(writing->stream, "\n");
}

static void put_figure(struct writing *writing, const struct part *part,
                       const struct figure *figure)
{
    writing->part = part;
    writing->figure = figure;
    put_description(writing, "# TYPE ", type_names[figure->type]);
    if (has_unit(figure))
        put_description(writing, "# UNIT ", unit_names[figure->unit]);
    put_description(writing, "# HELP ", figure->help);
    put_records(writing, part, put_sample);
}

static void put_metrics_document(struct writing *writing, unsigned parts)
{
    for (unsigned i = 0; i < EP__PARTS; i++) {
        const struct part *part = &ep__parts[i];
        for (unsigned j = 0; is_wanted(part, parts) && j < part->count; j++)
            if (part->figures[j].type != EP__LABEL)
                put_figure(writing, part, &part->figures[j]);
    }
    ep__stream_put(writing->stream, "# EOF\n");
}

/* --- XML ------------------------------------------------------------------------------------------ */

static int put_attributes(const void *record, void *argument)
{
    struct writing *writing = argument;
    for (unsigned i = 0; i < writing->part->count; i++) {
        const struct figure *figure = &writing->part->figures[i];
        ep__stream_put(writing->stream, " ");
        ep__stream_put(writing->stream, figure->name);
        ep__stream_put(writing->stream, "=\"");
        ep__stream_put_dec(writing->stream, ep__figure_read(figure, record));
        ep__stream_put(writing->stream, "\"");
    }
    return writing->stream->failure;
}

static int put_element(const void *record, void *argument)
{
    struct writing *writing = argument;
    ep__stream_put(writing->stream, "<");
    ep__stream_put(writing->stream, writing->part->name);
    (void)put_attributes(record, argument);
    ep__stream_put(writing->stream, "/>\n");
    return writing->stream->failure;
}

static void put_xml_document(struct writing *writing, unsigned parts)
{
    ep__stream_put(writing->stream, "<epmalloc");
    for (unsigned i = 0; i < EP__PARTS; i++)
        if (is_wanted(&ep__parts[i], parts) && ep__parts[i].plural == NULL)
            put_records(writing, &ep__parts[i], put_attributes);
    ep__stream_put(writing->stream, ">\n");
    for (unsigned i = 0; i < EP__PARTS; i++)
        if (is_wanted(&ep__parts[i], parts) && ep__parts[i].plural != NULL)
            put_records(writing, &ep__parts[i], put_element);
    ep__stream_put(writing->stream, "</epmalloc>\n");
}

bool ep__format_put(struct stream *stream, const struct account *account,
                    enum ep_stats_format format, unsigned parts)
{
    struct writing writing = {.stream = stream, .account = account};
    if (parts == 0 || (parts & ~(unsigned)EP_STATS_ALL) != 0)
        return false;
    switch (format) {
    case EP_STATS_TEXT:
        put_text_document(&writing, parts);
        return true;
    case EP_STATS_JSON:
        put_json_document(&writing, parts);
        return true;
    case EP_STATS_OPENMETRICS:
        put_metrics_document(&writing, parts);
        return true;
    case EP_STATS_XML:
        put_xml_document(&writing, parts);
        return true;
    }
    return false;
}
