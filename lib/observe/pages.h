/* Pages: which system pages of pools hold a block in use, as one JSON document.
 *
 * Layer: observe.  Uses: the public walk, sys/stream.  Used by: request.
 *
 *     {"pages":1,"page_bytes":4096,"pools":[[start,bytes,class,exact,"live"],...]}
 *
 * live has a hexadecimal digit for four pages, the first page in the lowest bit of the first digit: 1, a block that
 * is in use, or may be, overlaps the page.  exact is 0 for pools that another running thread owns; all their pages
 * count as live.  Asked together with what the kernel tells about pages, this says which resident memory of pools
 * nobody uses.
 *
 * The walk looks at each block: time in proportion to them.  Any thread, beside anything.
 */
#ifndef EPMALLOC_OBSERVE_PAGES_H
#define EPMALLOC_OBSERVE_PAGES_H

#include "sys/stream.h"

void ep__pages_put(struct stream *stream);

#endif
