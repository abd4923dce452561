/* Calls of the allocator drawn from bytes, and an oracle that judges every answer.
 *
 * An input is a row of calls: a byte for the call, one for the block that it is about (32 places), and bytes for sizes
 * and alignments as the call needs them; what is missing at the end is zero.  Calls may run in another thread, which is
 * joined at once, so that an input always does the same; and the system's calls may be refused from a given one on.
 *
 * The oracle: every block holds its own bytes, overlaps no other one, is aligned, has the usable size that it was asked
 * for, is owned; a call that fails says ENOMEM (or EINVAL) and has a reason; at rest the account is what is live, and
 * nothing after all blocks have been freed.
 *
 * The allocator is stress_allocator (stress/allocator.h), so that the oracle can be shown faulty ones.
 */
#ifndef TESTS_FUZZ_CALLS_H
#define TESTS_FUZZ_CALLS_H

#include <stddef.h>
#include <stdint.h>

/* Runs an input.  Prints a line "FAILED: ..." and aborts where an answer is wrong. */
void fuzz_run(const uint8_t *bytes, size_t size);

#endif
