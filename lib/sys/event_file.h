/* Event files: how a recording stands in a file.
 *
 * Layer: sys.  Uses: event_ring, the kernel's writev().  Used by: event, observe (the states at the end).
 *
 * A recording is a sequence of chunks, each a head and so many bytes, in the processor's order of bytes (only
 * little-endian ones are supported).  docs/tracing.md describes it for readers.
 *
 *     head: magic | type | bytes | ring | dropped
 *     TYPE_HEADER   struct event_file_header
 *     TYPE_EVENTS   events of one ring, oldest first; a ring's chunks follow each other as they stand
 *     TYPE_STATES   events of kinds SEEN_..., what a walk finds
 *     TYPE_CLASSES  struct event_file_class, one a size class
 *
 * A chunk leaves in one writev() where the kernel takes it whole; the file is opened for appending, so chunks of several
 * threads do not mix.  Before a thread writes into the file that the recording opened it makes sure that the
 * descriptor still is that file: programs close and reuse descriptors that they do not know.
 *
 * Who may overlap: everybody.  Progress: wait-free, but for the kernel's write.  Keeps errno.
 */
#ifndef EPMALLOC_SYS_EVENT_FILE_H
#define EPMALLOC_SYS_EVENT_FILE_H

#include "sys/event_ring.h"

#define EP__EVENT_FILE_MAGIC 0x54564550U /* "PEVT" */
enum { EP__EVENT_FILE_VERSION = 1 };

enum ep__event_chunk { EP__CHUNK_HEADER, EP__CHUNK_EVENTS, EP__CHUNK_STATES, EP__CHUNK_CLASSES };

struct event_file_head {
    uint32_t magic;
    uint32_t type;
    uint64_t bytes;   /* that follow */
    uint32_t ring;    /* of EVENTS: the ring's number */
    uint32_t process; /* the kernel's number */
    uint64_t dropped; /* of EVENTS: by this ring's owners so far; of STATES: in all */
};

struct event_file_header {
    uint32_t version;
    uint32_t event_bytes;
    uint32_t kinds;         /* of events */
    uint32_t is_from_start; /* 1: begun before there was an arena */
    uint64_t monotonic_ns;
    uint64_t realtime_ns; /* at the same moment */
};

struct event_file_class {
    uint32_t bytes;
    uint16_t capacity;
    uint16_t slots;
};

/* A file that is written to for long: descriptor and identity. */
struct event_file {
    int descriptor;
    uint64_t device;
    uint64_t inode;
};

/* Opens a new file for appending, under a descriptor that programs do not expect.  Returns 0 or an errno. */
int ep__event_file_open(const char *path, struct event_file *file);

/* Remembers what a descriptor is. */
int ep__event_file_identify(int descriptor, struct event_file *file);

/* Whether the descriptor still is that file. */
bool ep__event_file_is_same(const struct event_file *file);

/* Writes one chunk.  Returns 0 or an errno. */
int ep__event_file_put(int descriptor, struct event_file_head head, const void *bytes);

/* Writes the header. */
int ep__event_file_begin(int descriptor, bool is_from_start);

/* Writes what a ring holds and takes it out.  EBUSY: another thread reads the ring. */
int ep__event_file_put_ring(int descriptor, struct event_ring *ring);

#endif
