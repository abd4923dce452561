/* The map: every arena in use and what stands in it, as one JSON document.
 *
 * Layer: observe.  Uses: account, view, sys/stream.  Used by: request.
 *
 *     {"map":1,"page_bytes":4096,"slot_bytes":65536,"arena_bytes":4194304,
 *      "classes":[{"index":0,"block_bytes":16,"blocks":4096,"slots":1},...],
 *      "arenas":[{"window":0,"id":0,"start":...,"free_mask":...,"dirty_mask":...,"occupancy":12,"age_ms":...,
 *                 "pools":[[slot,slots,class,state,owner,free,exact],...]},...],
 *      "huge":[[start,bytes],...]}
 *
 * Numbers are decimal.  class is -1 for a run, -2 for a slot on its way; state is 0 owned, 1 full, 2 partial; free are
 * the blocks known to be free; exact is 1 when all others are in use.  Slots in free_mask stand in no pool.
 *
 * A walk, inside a section: what stays is shown once.  Any thread.  Progress: lock-free, in proportion to arenas.
 */
#ifndef EPMALLOC_OBSERVE_MAP_H
#define EPMALLOC_OBSERVE_MAP_H

#include "sys/stream.h"

void ep__map_put(struct stream *stream);

#endif
