/* Diagnoses.  The argument stands in diagnosis.h. */
#include "observe/diagnosis.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "observe/stack.h"
#include "observe/stack_table.h"
#include "sys/clock.h"
#include "sys/report.h"
#include "sys/task.h"

enum { PATH_BYTES = 256, CHUNK_BYTES = 1024 };

/* Where in a file an address is. */
struct code_place {
    uintptr_t pc;
    uintptr_t offset;
    char path[PATH_BYTES]; /* empty: in no file */
};

/* A line of /proc/self/maps, as far as it has been read. */
struct maps_line {
    char text[PATH_BYTES + 128];
    size_t length;
};

static uintptr_t cut_hex(const char **text)
{
    uintptr_t value = 0;
    for (;; ++*text) {
        char digit = **text;
        if (digit >= '0' && digit <= '9')
            value = value * 16 + (uintptr_t)(digit - '0');
        else if (digit >= 'a' && digit <= 'f')
            value = value * 16 + (uintptr_t)(digit - 'a' + 10);
        else
            return value;
    }
}

/* "first-end perms offset device inode path" */
static void look_at_line(const char *text, struct code_place *place)
{
    uintptr_t first = cut_hex(&text);
    uintptr_t end = *text == '-' ? (text++, cut_hex(&text)) : 0;
    const char *path = strchr(text, '/');
    if (place->pc < first || place->pc >= end || path == NULL || strlen(text) < 6)
        return;
    text += 6;
    place->offset = place->pc - first + cut_hex(&text);
    size_t length = strlen(path);
    length = length < PATH_BYTES - 1 ? length : PATH_BYTES - 1;
    memcpy(place->path, path, length);
    place->path[length] = '\0';
}

static void look_at_chunk(struct maps_line *line, const char *bytes, ssize_t count,
                          struct code_place *place)
{
    for (ssize_t i = 0; i < count; i++) {
        if (bytes[i] == '\n') {
            line->text[line->length] = '\0';
            look_at_line(line->text, place);
            line->length = 0;
        } else if (line->length < sizeof line->text - 1) {
            line->text[line->length++] = bytes[i];
        }
    }
}

static void find_place(struct code_place *place)
{
    struct maps_line line = {.length = 0};
    char bytes[CHUNK_BYTES];
    ssize_t count;
    int file = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
    place->path[0] = '\0';
    place->offset = place->pc;
    while (file >= 0 && place->path[0] == '\0' && (count = read(file, bytes, sizeof bytes)) > 0)
        look_at_chunk(&line, bytes, count, place);
    if (file >= 0)
        (void)close(file);
}

static void say_frames(const uintptr_t *frames, unsigned count)
{
    struct report report;
    struct code_place place;
    for (unsigned i = 0; i < count; i++) {
        place.pc = frames[i];
        find_place(&place);
        ep__report_begin(&report);
        ep__report_text(&report, "  ");
        if (place.path[0] != '\0') {
            ep__report_text(&report, place.path);
            ep__report_text(&report, "+");
        }
        ep__report_hex(&report, place.offset);
        ep__report_emit(&report);
    }
}

static void say_stack(uint32_t stack)
{
    unsigned count = 0;
    const uintptr_t *frames = ep__stack_table_frames(stack, &count);
    if (frames != NULL)
        say_frames(frames, count);
}

static void say_thread(const char *what, uint32_t thread, uint64_t since_ns)
{
    struct report report;
    ep__report_begin(&report);
    ep__report_text(&report, what);
    ep__report_dec(&report, thread);
    if (since_ns != 0) {
        ep__report_text(&report, ", ");
        ep__report_dec(&report, (ep__clock_ns() - since_ns) / 1000000);
        ep__report_text(&report, " ms ago");
    }
    ep__report_emit(&report);
}

/* Who allocated it, who freed it, and where the program is now. */
static EP__NOINLINE _Noreturn void say_where(const struct tracked *tracked)
{
    uintptr_t frames[EP__STACK_FRAMES_MAX];
    if (tracked != NULL) {
        say_thread("allocated by thread ", tracked->thread, tracked->time_ns);
        say_stack(tracked->stack);
    }
    if (tracked != NULL && tracked->free_thread != 0) {
        say_thread("freed by thread ", tracked->free_thread, 0);
        say_stack(tracked->free_stack);
    }
    unsigned count = ep__stack_capture(frames, EP__STACK_FRAMES_MAX, ep__stack_anchor());
    say_thread("found in thread ", ep__task_number(), 0);
    say_frames(frames, count);
    abort();
}

static void begin_line(struct report *report, const char *what, const void *p,
                       const struct tracked *tracked)
{
    ep__report_begin(report);
    ep__report_text(report, what);
    ep__report_text(report, " ");
    ep__report_hex(report, (uintptr_t)p);
    if (tracked == NULL)
        return;
    if (p != tracked->address) {
        ptrdiff_t offset = (const char *)p - tracked->address;
        ep__report_text(report, offset < 0 ? ", -" : ", +");
        ep__report_dec(report, (uint64_t)(offset < 0 ? -offset : offset));
        ep__report_text(report, " from the start of ");
        ep__report_hex(report, (uintptr_t)tracked->address);
    }
    ep__report_text(report, ": a block of ");
    ep__report_dec(report, tracked->size);
    ep__report_text(report, " bytes, serial number ");
    ep__report_dec(report, tracked->serial);
}

void ep__diagnosis(const char *what, const void *p, const struct tracked *tracked)
{
    struct report report;
    begin_line(&report, what, p, tracked);
    ep__report_emit(&report);
    say_where(tracked);
}

void ep__diagnosis_of_byte(const char *what, const struct tracked *tracked, ptrdiff_t offset,
                           uint8_t found)
{
    struct report report;
    begin_line(&report, what, tracked->address, tracked);
    ep__report_text(&report, offset < 0 ? ": byte -" : ": byte ");
    ep__report_dec(&report, (uint64_t)(offset < 0 ? -offset : offset));
    ep__report_text(&report, " is ");
    ep__report_hex(&report, found);
    ep__report_emit(&report);
    say_where(tracked);
}

void ep__diagnosis_of_touch(const void *address, const struct tracked *tracked)
{
    const char *what = "use before the start of a block, at";
    if (tracked->state == EP__RECORD_KEPT)
        what = "use after free, at";
    else if ((const char *)address >= tracked->address)
        what = "use beyond the end of a block, at";
    ep__diagnosis(what, address, tracked);
}
