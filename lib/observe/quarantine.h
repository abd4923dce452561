/* Quarantine: freed blocks that are held back, so that what is written into them afterwards is seen.
 *
 * Layer: observe.  Uses: sys, cache (tracked).  Used by: check, guard.
 *
 * Algorithm.  A ring of 2^16 places.  Who puts a block in takes the next place by one addition and exchanges what is in
 * it: what comes out, if anything, has been there for a whole round and is let go.  While the blocks have more bytes
 * than the bound, the oldest place is taken the same way.  So each block comes out by one exchange, and is let go by who
 * did it.  The ring is mapped by the first block.
 * Who takes the oldest place before the block has arrived there leaves it for a round longer; a flush goes through all
 * places.
 *
 * Who may overlap: everything.
 * Invariant: a block is in one place at most, and KEPT while it is there.
 * Edges: QRT (a block, from who put it in to who takes it out; the ring).
 * ABA: places are exchanged, never compared.
 * Progress: lock-free; an exchange that brings nothing means that another thread has let the block go.
 * Fails: no memory for the ring: the block is let go at once.
 */
#ifndef EPMALLOC_OBSERVE_QUARANTINE_H
#define EPMALLOC_OBSERVE_QUARANTINE_H

#include "cache/tracked.h"

/* Holds a KEPT block back; `let_go` gets it when its time is over, or now. */
void ep__quarantine_put(const struct tracked *tracked, void (*let_go)(const struct tracked *));

/* Lets the oldest block go.  False: there is none. */
bool ep__quarantine_evict(void (*let_go)(const struct tracked *));

/* Lets all go. */
void ep__quarantine_flush(void (*let_go)(const struct tracked *));

/* Bytes held back, by what was asked for, and guarded blocks by their address space. */
size_t ep__quarantine_bytes(void);

#endif
