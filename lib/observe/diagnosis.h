/* Diagnoses: what the checking mode says about a misused block, and then abort().
 *
 * Layer: observe.  Uses: sys, cache (record), stack, stack_table.  Used by: check, guard.
 *
 *     epmalloc: double free of 0x7f36c0410010: a block of 100 bytes, serial number 12
 *     epmalloc: allocated by thread 4711, 35 ms ago
 *     epmalloc:   /usr/bin/server+0x11f3
 *     epmalloc:   ...
 *     epmalloc: freed by thread 4712
 *     epmalloc:   ...
 *     epmalloc: found in thread 4711
 *     epmalloc:   ...
 *
 * The first line says all that a person needs to search for; an address in a file is what addr2line -e FILE takes.
 * Files are found in /proc/self/maps, because asking the dynamic linker takes its lock, under which the program may
 * have been interrupted.
 *
 * Async-signal-safe.  When two threads find something at once, both print.
 */
#ifndef EPMALLOC_OBSERVE_DIAGNOSIS_H
#define EPMALLOC_OBSERVE_DIAGNOSIS_H

#include "cache/record.h"

/* "<what> <address>: a block of ..."; tracked may be NULL: nothing is known of it. */
_Noreturn void ep__diagnosis(const char *what, const void *p, const struct tracked *tracked);

/* The same for a byte, `offset` from the block's start, that is `found` and not what was there. */
_Noreturn void ep__diagnosis_of_byte(const char *what, const struct tracked *tracked,
                                     ptrdiff_t offset, uint8_t found);

/* The program has touched what cannot be touched of a guarded block. */
_Noreturn void ep__diagnosis_of_touch(const void *address, const struct tracked *tracked);

#endif
