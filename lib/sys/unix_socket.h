/* A Unix socket for the other processes of the same user, and a file in memory for what is sent.
 *
 * Layer: sys.  Uses: the kernel.  Used by: observe (endpoint).
 *
 * Nouns: a *handle* is a file descriptor and which file it was.  Programs close descriptors that they have not opened
 * (daemons do, all of them), and the number may then be a file of theirs; so it is compared before each use.
 *
 * The socket's file has mode 0600 from its first moment (the mode of a socket before it is bound), its owner's user is
 * asked of the kernel for each who connects, and a file of that name is removed only if it is a socket of the same user
 * at which nobody listens.  Everything is non-blocking, and closed by exec.  Every failure is an ordinary result.
 * All keep errno.  One thread; not async-signal-safe.
 */
#ifndef EPMALLOC_SYS_UNIX_SOCKET_H
#define EPMALLOC_SYS_UNIX_SOCKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    EP__SOCKET_FOLDER_BYTES = 81, /* of a folder's path, its NUL included */
    EP__SOCKET_PATH_BYTES = 108,
};

struct handle {
    int file; /* -1: none */
    uint64_t device;
    uint64_t inode;
};

#define EP__HANDLE_NONE ((struct handle){.file = -1})

/* Whether the descriptor is still the file that it was. */
bool ep__handle_is_there(const struct handle *handle);

/* Closes it if it is still the file; a connection is ended for all processes that have it. */
void ep__handle_close(struct handle *handle);

/* Closes it for this process alone, if it is still the file. */
void ep__handle_leave(struct handle *handle);

/* Whether sockets may be made there: a folder of the calling thread's user. */
bool ep__socket_is_own_folder(const char *folder);

/* Listens at a path.  Returns 0, or an errno: EADDRINUSE, something is there that is not to be removed. */
int ep__socket_listen(struct handle *listener, const char *path);

/* Removes the file of a socket. */
void ep__socket_remove(const char *path);

/* The next that has connected and is of the same user, or root; false: nobody. */
bool ep__socket_accept(const struct handle *listener, struct handle *connection);

/* Receives at most `size` bytes.  0: there are none now; -1: the other end has closed, or the connection is broken. */
ptrdiff_t ep__socket_receive(const struct handle *connection, char *bytes, size_t size);

/* An empty file in memory. */
bool ep__spool_open(struct handle *spool);

/* Makes it empty again. */
bool ep__spool_clear(const struct handle *spool);

/* Sends from *sent to `size` what the connection takes, and moves *sent.  False: the connection is broken. */
bool ep__spool_send(const struct handle *spool, const struct handle *connection, uint64_t *sent,
                    uint64_t size);

#endif
