#include "sys/report.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define QUOTED_BYTES_MAX 64
#define DIGITS_MAX 20

int ep__text_write(int file, const char *bytes, size_t length)
{
    int errno_before = errno;
    int failure = 0;
    while (length > 0 && failure == 0) {
        long written = syscall(SYS_write, file, bytes, length);
        if (written > 0) {
            bytes += written;
            length -= (size_t)written;
        } else if (written == 0) {
            failure = EIO;
        } else if (errno != EINTR) {
            failure = errno;
        }
    }
    errno = errno_before;
    return failure;
}

/* What cannot be said is left unsaid. */
static void write_bytes(const char *bytes, size_t length)
{
    (void)ep__text_write(STDERR_FILENO, bytes, length);
}

void ep__text_begin(struct text *text, char *buffer, size_t size)
{
    text->buffer = buffer;
    text->size = size;
    text->length = 0;
    if (size > 0)
        buffer[0] = '\0';
}

void ep__text_put_bytes(struct text *text, const char *bytes, size_t length)
{
    if (text->length + 1 < text->size) {
        size_t room = text->size - 1 - text->length;
        size_t kept = length < room ? length : room;
        memcpy(text->buffer + text->length, bytes, kept);
        text->buffer[text->length + kept] = '\0';
    }
    text->length += length;
}

void ep__text_put(struct text *text, const char *string)
{
    ep__text_put_bytes(text, string, strlen(string));
}

static void put_number(struct text *text, uint64_t value, unsigned base)
{
    char digits[DIGITS_MAX];
    size_t first = DIGITS_MAX;
    do {
        digits[--first] = "0123456789abcdef"[value % base];
        value /= base;
    } while (value != 0);
    ep__text_put_bytes(text, digits + first, DIGITS_MAX - first);
}

void ep__text_put_dec(struct text *text, uint64_t value)
{
    put_number(text, value, 10);
}

void ep__text_put_hex(struct text *text, uint64_t value)
{
    ep__text_put(text, "0x");
    put_number(text, value, 16);
}

void ep__text_put_quoted(struct text *text, const char *bytes, size_t length)
{
    size_t shown = length < QUOTED_BYTES_MAX ? length : QUOTED_BYTES_MAX;
    ep__text_put(text, "\"");
    for (size_t i = 0; i < shown; i++) {
        char byte = bytes[i];
        if (byte < ' ' || byte > '~')
            byte = '?';
        ep__text_put_bytes(text, &byte, 1);
    }
    ep__text_put(text, shown < length ? "...\"" : "\"");
}

static size_t stored_length(const struct text *text)
{
    if (text->size == 0)
        return 0;
    return text->length < text->size ? text->length : text->size - 1;
}

bool ep__text_check(const struct text *text)
{
    return text->size == 0 || text->buffer[stored_length(text)] == '\0';
}

void ep__report_begin(struct report *report)
{
    /* The newline takes the place of the NUL. */
    ep__text_begin(&report->text, report->line, sizeof report->line);
    ep__text_put(&report->text, "epmalloc: ");
}

void ep__report_text(struct report *report, const char *string)
{
    ep__text_put(&report->text, string);
}

void ep__report_quoted(struct report *report, const char *bytes, size_t length)
{
    ep__text_put_quoted(&report->text, bytes, length);
}

void ep__report_dec(struct report *report, uint64_t value)
{
    ep__text_put_dec(&report->text, value);
}

void ep__report_hex(struct report *report, uint64_t value)
{
    ep__text_put_hex(&report->text, value);
}

void ep__report_emit(struct report *report)
{
    size_t length = stored_length(&report->text);
    report->line[length] = '\n';
    write_bytes(report->line, length + 1);
}

void ep__report_abort(struct report *report)
{
    ep__report_emit(report);
    abort();
}

void ep__report_corruption(const char *what, const void *address)
{
    struct report report;
    ep__report_begin(&report);
    ep__report_text(&report, what);
    ep__report_text(&report, " ");
    ep__report_hex(&report, (uintptr_t)address);
    ep__report_abort(&report);
}
