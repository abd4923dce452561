/* The endpoint: other processes of the same user ask, and the helper thread answers.
 *
 * Layer: observe.  Uses: sys (socket, stream), cache/background, request.  Used by: nobody in lib.
 *
 * Nothing is opened unless the option endpoint asks for it.  Then the helper thread listens at the Unix socket
 * epmalloc.<pid> in the folder that the option names, or $XDG_RUNTIME_DIR, or /tmp, and a forked child's thread at one of
 * its own.  One request a connection (request.h); the answer is followed by a NUL and the end of the connection.
 *
 *     free --accept--> receiving --a line--> sending --all sent--> free, or more of an answer without an end
 *
 * Algorithm.  The thread waits in poll() for as long as upkeep allows.  A request is answered at once and whole, into a
 * file in memory (a spool); what the other side takes is sent from there, by as much as it takes without blocking.
 * So whoever reads slowly, or not at all, holds up nobody: neither the thread nor a section nor another client.
 * A connection on which nothing has moved for PATIENCE_MS is closed.  With all connections taken the others wait in
 * the kernel's queue.
 *
 * The program may close any descriptor, and use its number for a file of its own: handles are compared before each use
 * (sys/unix_socket.h).  The file of the socket is removed at exit by the process that has made it.
 *
 * One thread.  Progress: bounded work between two rounds of upkeep, but for the one answer that a request asks for.
 * Fails: where the socket cannot be had one line says so; where there is no memory for an answer, the other side is told.
 */
#ifndef EPMALLOC_OBSERVE_ENDPOINT_H
#define EPMALLOC_OBSERVE_ENDPOINT_H

#include <stdint.h>

enum { EP__CONNECTIONS = 8 };

/* Opens this process's socket.  The helper thread, once a process. */
void ep__endpoint_open(void);

/* Answers for at most so long. */
void ep__endpoint_wait(uint64_t milliseconds_max);

/* The socket's path; "": it is not open. */
const char *ep__endpoint_path(void);

#endif
