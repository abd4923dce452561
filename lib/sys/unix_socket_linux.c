/* Sockets on Linux.  The contract stands in unix_socket.h. */
#include "sys/unix_socket.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum {
    WAITING_MAX = 8, /* that have connected and are not accepted yet */
    /* Programs expect the lowest numbers to be their own files. */
    FILE_NUMBER_MIN = 200,
    SENT_AT_ONCE = 1 << 18,
};

static bool look(int file, struct handle *handle)
{
    struct stat status;
    if (file < 0 || fstat(file, &status) != 0)
        return false;
    *handle = (struct handle){.file = file, .device = status.st_dev, .inode = status.st_ino};
    return true;
}

bool ep__handle_is_there(const struct handle *handle)
{
    int saved = errno;
    struct handle now;
    bool is_there =
        look(handle->file, &now) && now.device == handle->device && now.inode == handle->inode;
    errno = saved;
    return is_there;
}

void ep__handle_leave(struct handle *handle)
{
    int saved = errno;
    if (ep__handle_is_there(handle))
        (void)close(handle->file);
    *handle = EP__HANDLE_NONE;
    errno = saved;
}

void ep__handle_close(struct handle *handle)
{
    int saved = errno;
    if (ep__handle_is_there(handle))
        (void)shutdown(handle->file, SHUT_RDWR);
    ep__handle_leave(handle);
    errno = saved;
}

/* The descriptor under a high number, where there are such numbers. */
static bool hold(int file, struct handle *handle)
{
    int high = fcntl(file, F_DUPFD_CLOEXEC, FILE_NUMBER_MIN);
    if (high >= 0) {
        (void)close(file);
        file = high;
    }
    return look(file, handle);
}

bool ep__socket_is_own_folder(const char *folder)
{
    struct stat status;
    int saved = errno;
    bool is_own = folder[0] == '/' && strlen(folder) < EP__SOCKET_FOLDER_BYTES &&
                  stat(folder, &status) == 0 && S_ISDIR(status.st_mode) &&
                  status.st_uid == geteuid();
    errno = saved;
    return is_own;
}

static int open_socket(void)
{
    return socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

/* Whether a path is a socket of the same user at which nobody listens. */
static bool is_left_over(const struct sockaddr_un *address)
{
    struct stat status;
    if (lstat(address->sun_path, &status) != 0 || !S_ISSOCK(status.st_mode) ||
        status.st_uid != geteuid())
        return false;
    int file = open_socket();
    if (file < 0)
        return false;
    bool is_refused = connect(file, (const struct sockaddr *)address, sizeof *address) != 0 &&
                      errno == ECONNREFUSED;
    (void)close(file);
    return is_refused;
}

static bool bind_to(int file, const struct sockaddr_un *address)
{
    return bind(file, (const struct sockaddr *)address, sizeof *address) == 0;
}

/* The mode that a socket has when it is bound is that of its file, but for the umask. */
static int bind_and_listen(int file, const struct sockaddr_un *address)
{
    if (fchmod(file, S_IRUSR | S_IWUSR) != 0)
        return errno;
    if (!bind_to(file, address)) {
        int failure = errno;
        if (failure != EADDRINUSE || !is_left_over(address) || unlink(address->sun_path) != 0)
            return failure;
        if (!bind_to(file, address))
            return errno;
    }
    return listen(file, WAITING_MAX) == 0 ? 0 : errno;
}

int ep__socket_listen(struct handle *listener, const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int saved = errno;
    int failure = ENAMETOOLONG;
    int file = -1;
    *listener = EP__HANDLE_NONE;
    if (strlen(path) < sizeof address.sun_path) {
        strcpy(address.sun_path, path);
        file = open_socket();
        failure = file < 0 ? errno : bind_and_listen(file, &address);
    }
    if (failure == 0 && !hold(file, listener))
        failure = EBADF;
    if (failure != 0 && file >= 0)
        (void)close(file);
    errno = saved;
    return failure;
}

void ep__socket_remove(const char *path)
{
    int saved = errno;
    (void)unlink(path);
    errno = saved;
}

/* Whether the process at the other end is the same user's, or root's. */
static bool is_trusted(int file)
{
    struct ucred other;
    socklen_t size = sizeof other;
    return getsockopt(file, SOL_SOCKET, SO_PEERCRED, &other, &size) == 0 && size == sizeof other &&
           (other.uid == geteuid() || other.uid == 0);
}

bool ep__socket_accept(const struct handle *listener, struct handle *connection)
{
    int saved = errno;
    *connection = EP__HANDLE_NONE;
    int file = accept4(listener->file, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    bool is_accepted = file >= 0 && is_trusted(file) && hold(file, connection);
    if (file >= 0 && !is_accepted)
        (void)close(file);
    errno = saved;
    return is_accepted;
}

ptrdiff_t ep__socket_receive(const struct handle *connection, char *bytes, size_t size)
{
    int saved = errno;
    ptrdiff_t length = recv(connection->file, bytes, size, MSG_DONTWAIT);
    if (length == 0)
        length = -1;
    else if (length < 0 && (errno == EAGAIN || errno == EINTR))
        length = 0;
    errno = saved;
    return length;
}

bool ep__spool_open(struct handle *spool)
{
    int saved = errno;
    *spool = EP__HANDLE_NONE;
    int file = memfd_create("epmalloc", MFD_CLOEXEC);
    bool is_open = file >= 0 && hold(file, spool);
    errno = saved;
    return is_open;
}

bool ep__spool_clear(const struct handle *spool)
{
    int saved = errno;
    bool is_empty = ftruncate(spool->file, 0) == 0 && lseek(spool->file, 0, SEEK_SET) == 0;
    errno = saved;
    return is_empty;
}

/* SIGPIPE is blocked in the thread that sends. */
bool ep__spool_send(const struct handle *spool, const struct handle *connection, uint64_t *sent,
                    uint64_t size)
{
    int saved = errno;
    off_t from = (off_t)*sent;
    size_t part = size - *sent < SENT_AT_ONCE ? size - *sent : SENT_AT_ONCE;
    ssize_t length = sendfile(connection->file, spool->file, &from, part);
    bool is_well = length > 0 || (length < 0 && (errno == EAGAIN || errno == EINTR));
    if (length > 0)
        *sent += (uint64_t)length;
    errno = saved;
    return is_well;
}
