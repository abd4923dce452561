/* Virtual memory: the only calls by which the allocator gets, changes and gives back memory.
 *
 * Layer: sys.  Uses: the kernel.  Used by: arena (windows, arenas, huge mappings), cache (control
 * blocks, the fork page).
 *
 * Every function keeps errno.  Every failure is an ordinary result, so that tests can link a vm that
 * fails on request in this one's place.  Sizes are bytes and multiples of ep__vm_page_bytes() unless
 * said otherwise.  The kernel's own locks (the address space's) are outside the claim of lock-freedom.
 */
#ifndef EPMALLOC_SYS_VM_H
#define EPMALLOC_SYS_VM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The system's page size; constant while the process lives. */
size_t ep__vm_page_bytes(void);

/* The machine's memory, and the soft RLIMIT_AS (SIZE_MAX: none). */
size_t ep__vm_machine_bytes(void);
size_t ep__vm_limit_bytes(void);

/* Reserves address space that cannot be touched and is not charged; NULL on failure. */
void *ep__vm_reserve(size_t bytes);

/* Maps zeroed memory for reading and writing; NULL on failure. */
void *ep__vm_map(size_t bytes);

/* The same, for a table of which little is ever written: not charged beforehand. */
void *ep__vm_map_sparse(size_t bytes);

/* Copies memory that may not be there, without a fault; false: it is not there.  The range is aligned to eight bytes, and
 * lies within one page. */
bool ep__vm_read(const void *from, void *to, size_t bytes);

/* Gives address space back to the kernel.  False where the kernel refuses (too many mappings). */
bool ep__vm_unmap(void *start, size_t bytes);

/* Makes a reserved range readable: it reads as zero, and is not charged until made writable. */
bool ep__vm_allow_read(void *start, size_t bytes);

/* Makes a reserved range readable and writable. */
bool ep__vm_commit(void *start, size_t bytes);

/* Turns a range into reserved address space again: its pages and its commit charge go back. */
bool ep__vm_decommit(void *start, size_t bytes);

/* Gives the pages of a range back; it then reads as zero.  False where nothing is promised (locked). */
bool ep__vm_purge(void *start, size_t bytes);

/* Sets a range's policy for transparent huge pages. */
void ep__vm_huge_pages(void *start, size_t bytes, bool wanted);

/* Grows or shrinks a mapping where it stands.  False when it cannot. */
bool ep__vm_resize(void *start, size_t bytes, size_t new_bytes);

/* Moves the pages of a mapping onto a reserved range of new_bytes; the old range is unmapped.  After a failure
 * the reserved range may be gone: it must not be touched again. */
bool ep__vm_move(void *start, size_t bytes, void *target, size_t new_bytes);

/* Makes a page read as zero in a forked child. */
bool ep__vm_wipe_on_fork(void *start, size_t bytes);

/* Bytes of a range that are in memory now. */
size_t ep__vm_resident_bytes(void *start, size_t bytes);

#endif
