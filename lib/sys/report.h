/* Messages to the person at stderr, and text into a caller's buffer.
 *
 * Layer: sys.  Uses: write(2), abort().  Used by: every layer that finds misuse, sys/options (bad
 * entries), sys/stream (long texts), api (ep_options).
 *
 * Nouns: a *text* is a buffer that is filled from the left, always ended by a NUL; what does not fit
 * is cut off, its length counts on, so the caller learns the size that was needed, like snprintf().
 * A *report* is one line on stderr, "epmalloc: ...", built in a text on the caller's stack.
 *
 * No stdio, no malloc, no locale: the functions work before the first allocation, in the middle of
 * one, and in a signal handler.  The line leaves in one write(2), so lines of several threads do not
 * mix; it is made by syscall(), because write() is a cancellation point and free() must not be one.
 * All keep errno.
 *
 *     struct report report;
 *     ep__report_begin(&report);
 *     ep__report_text(&report, "free of ");
 *     ep__report_hex(&report, (uintptr_t)p);
 *     ep__report_text(&report, ": not a pointer of epmalloc, ignored");
 *     ep__report_emit(&report);
 *
 * Who may overlap: everybody; a text and a report belong to one thread.
 *
 * Invariants (ep__text_check()):
 *   1. size > 0  =>  buffer[min(length, size - 1)] == '\0'
 *   2. a report's last byte is kept free for the newline: a cut line still ends in one.
 *
 * Progress: wait-free, but for the kernel's write.  What can fail: the write; nothing is done then.
 * Bad at: many lines; each is a system call.
 */
#ifndef EPMALLOC_SYS_REPORT_H
#define EPMALLOC_SYS_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define EP__REPORT_LINE_BYTES 512

struct text {
    char *buffer;  /* may be NULL when size is 0 */
    size_t size;   /* bytes at buffer */
    size_t length; /* of the whole text, without the NUL; the rest was cut off when >= size */
};

struct report {
    struct text text;
    char line[EP__REPORT_LINE_BYTES];
};

/* Makes an empty text. */
void ep__text_begin(struct text *text, char *buffer, size_t size);

/* Appends a string, the first `length` bytes of one, a number in decimal or in hexadecimal ("0x..."). */
void ep__text_put(struct text *text, const char *string);
void ep__text_put_bytes(struct text *text, const char *bytes, size_t length);
void ep__text_put_dec(struct text *text, uint64_t value);
void ep__text_put_hex(struct text *text, uint64_t value);

/* Appends a word that came from outside, in double quotes: at most 64 bytes of it, then "...";
 * whatever is not printable ASCII is shown as '?'. */
void ep__text_put_quoted(struct text *text, const char *bytes, size_t length);

/* Writes bytes to a file descriptor until all are out, whatever pieces the kernel takes and whoever interrupts it.
 * Returns 0, or the errno of the write that failed. */
int ep__text_write(int file, const char *bytes, size_t length);

/* True while invariant 1 holds. */
bool ep__text_check(const struct text *text);

/* Starts a line with "epmalloc: "; then append; then emit it, once. */
void ep__report_begin(struct report *report);
void ep__report_text(struct report *report, const char *string);
void ep__report_quoted(struct report *report, const char *bytes, size_t length);
void ep__report_dec(struct report *report, uint64_t value);
void ep__report_hex(struct report *report, uint64_t value);

/* Writes the line, ended by a newline, to stderr. */
void ep__report_emit(struct report *report);

/* The same, and then abort(): for corruption of our own heap. */
_Noreturn void ep__report_abort(struct report *report);

/* Corruption of our own heap: "epmalloc: <what> <address>", and then abort(). */
_Noreturn void ep__report_corruption(const char *what, const void *address);

#endif
