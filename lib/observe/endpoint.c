/* The endpoint.  The argument stands in endpoint.h. */
#include "observe/endpoint.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cache/background.h"
#include "observe/request.h"
#include "sys/clock.h"
#include "sys/options.h"
#include "sys/task.h"
#include "sys/unix_socket.h"

enum {
    PATIENCE_MS = 10000,
    /* Between two looks at an answer without an end. */
    MORE_MS = 100,
    ACCEPT_PAUSE_MS = 10,
    /* Of one answer: the map of some 100 GiB of small pools. */
    SPOOL_BYTES_MAX = 256 << 20,
};

struct connection {
    struct handle socket; /* none: free */
    struct handle spool;  /* none: receiving */
    uint64_t moved_ms;    /* when something was last received or sent */
    uint64_t sent;
    uint64_t size; /* of what is in the spool */
    size_t length; /* of what has been received */
    struct request request;
    bool has_more;
    char line[EP__REQUEST_BYTES];
};

/* The helper thread only, but for what others read; a forked child's thread finds its parent's. */
static struct {
    _Atomic(uint64_t) owner; /* the process that has made the path's file; 0: nobody */
    char path[EP__SOCKET_PATH_BYTES];
    bool was_opened;
    struct handle listener;
    struct connection connections[EP__CONNECTIONS];
} endpoint;

/* Set by the constructor: $XDG_RUNTIME_DIR as the process began. */
static char runtime_folder[EP__SOCKET_FOLDER_BYTES];

const char *ep__endpoint_path(void)
{
    /* order: acquire EPT -- pairs with ep__endpoint_open; carries the path */
    bool is_own = ep__load_acquire(&endpoint.owner) == (uint64_t)getpid();
    return is_own ? endpoint.path : "";
}

/* --- one connection ------------------------------------------------------------------------------- */

static void end_connection(struct connection *connection)
{
    if (connection->request.kind != NULL && connection->request.kind->end != NULL)
        connection->request.kind->end(&connection->request);
    ep__handle_close(&connection->socket);
    ep__handle_close(&connection->spool);
    connection->request.kind = NULL;
}

/* The stream's sink: into the spool, up to its greatest size. */
static int put_into_spool(void *to, const char *bytes, size_t length)
{
    struct connection *connection = to;
    if (connection->size + length > SPOOL_BYTES_MAX)
        return 1;
    int failure = ep__text_write(connection->spool.file, bytes, length);
    connection->size += length;
    return failure;
}

static bool clear_spool(struct connection *connection)
{
    connection->sent = 0;
    connection->size = 0;
    return ep__spool_clear(&connection->spool);
}

static void put_error(struct connection *connection, const char *sentence)
{
    struct stream stream;
    connection->has_more = false;
    (void)clear_spool(connection);
    ep__stream_begin(&stream, put_into_spool, connection);
    ep__stream_put(&stream, "error: ");
    ep__stream_put(&stream, sentence);
    ep__stream_put_bytes(&stream, "\n", 2);
    (void)ep__stream_end(&stream);
}

/* Fills the spool with the answer to the line that was received, or with what is wrong with it. */
static void answer(struct connection *connection)
{
    struct request *request = &connection->request;
    struct stream stream;
    const char *wrong = ep__request_parse(connection->line, connection->length, request);
    if (wrong == NULL) {
        ep__stream_begin(&stream, put_into_spool, connection);
        ep__stream_put(&stream, "ok\n");
        wrong = request->kind->answer(request, &stream);
        connection->has_more = wrong == NULL && request->kind->more != NULL;
        if (wrong == NULL && !connection->has_more)
            ep__stream_put_bytes(&stream, "", 1);
        if (ep__stream_end(&stream) != 0)
            wrong = "the answer is too long, or there is no memory for it";
    }
    if (wrong != NULL)
        put_error(connection, wrong);
}

/* The next part of an answer without an end; false: the connection is over. */
static bool continue_answer(struct connection *connection)
{
    struct request *request = &connection->request;
    struct stream stream;
    if (!clear_spool(connection))
        return false;
    ep__stream_begin(&stream, put_into_spool, connection);
    connection->has_more = request->kind->more(request, &stream);
    if (!connection->has_more)
        ep__stream_put_bytes(&stream, "", 1);
    return ep__stream_end(&stream) == 0;
}

static void begin_answer(struct connection *connection, size_t line_length)
{
    connection->length = line_length;
    if (ep__spool_open(&connection->spool) && clear_spool(connection))
        answer(connection);
    else
        end_connection(connection);
}

/* Receives until there is a line, or one that is too long. */
static void receive(struct connection *connection)
{
    char *at = connection->line + connection->length;
    size_t room = sizeof connection->line - connection->length;
    ptrdiff_t got = ep__socket_receive(&connection->socket, at, room);
    if (got < 0) {
        end_connection(connection);
        return;
    }
    const char *end = got == 0 ? NULL : memchr(at, '\n', (size_t)got);
    connection->length += (size_t)got;
    if (end != NULL)
        begin_answer(connection, (size_t)(end - connection->line));
    else if (connection->length == sizeof connection->line)
        begin_answer(connection, connection->length);
}

static bool is_all_sent(const struct connection *connection)
{
    return connection->sent == connection->size;
}

static void send_part(struct connection *connection)
{
    uint64_t before = connection->sent;
    if (!ep__spool_send(&connection->spool, &connection->socket, &connection->sent,
                        connection->size) ||
        (is_all_sent(connection) && !connection->has_more))
        end_connection(connection);
    else if (connection->sent != before)
        connection->moved_ms = ep__clock_ms();
}

/* --- the thread's wait ---------------------------------------------------------------------------- */

static bool is_taken(const struct connection *connection)
{
    return connection->socket.file >= 0;
}

static bool is_receiving(const struct connection *connection)
{
    return connection->spool.file < 0;
}

/* Closes what the program has closed, and what has stood still too long. */
static void look_after(struct connection *connection, uint64_t now)
{
    bool is_broken = !ep__handle_is_there(&connection->socket) ||
                     (!is_receiving(connection) && !ep__handle_is_there(&connection->spool));
    bool is_idle = !is_receiving(connection) && is_all_sent(connection);
    if (is_broken || (!is_idle && now - connection->moved_ms > PATIENCE_MS))
        end_connection(connection);
    else if (is_idle && !continue_answer(connection))
        end_connection(connection);
}

/* What the thread waits for: the listener while a connection is free, and each connection. */
static uint64_t list_events(struct pollfd *events, uint64_t milliseconds_max)
{
    uint64_t now = ep__clock_ms();
    bool has_room = false;
    for (unsigned i = 0; i < EP__CONNECTIONS; i++) {
        struct connection *connection = &endpoint.connections[i];
        if (is_taken(connection))
            look_after(connection, now);
        has_room |= !is_taken(connection);
        bool is_idle = is_taken(connection) && !is_receiving(connection) && is_all_sent(connection);
        if (is_idle || connection->has_more)
            milliseconds_max = milliseconds_max < MORE_MS ? milliseconds_max : MORE_MS;
        events[i].fd = connection->socket.file;
        /* Of who has been told all so far only the end is waited for. */
        events[i].events = is_receiving(connection) ? POLLIN : is_idle ? POLLRDHUP : POLLOUT;
        events[i].revents = 0;
    }
    events[EP__CONNECTIONS].fd = has_room ? endpoint.listener.file : -1;
    events[EP__CONNECTIONS].events = POLLIN;
    events[EP__CONNECTIONS].revents = 0;
    return milliseconds_max;
}

static void accept_one(void)
{
    for (unsigned i = 0; i < EP__CONNECTIONS; i++) {
        struct connection *connection = &endpoint.connections[i];
        if (is_taken(connection))
            continue;
        *connection = (struct connection){.socket = EP__HANDLE_NONE, .spool = EP__HANDLE_NONE};
        /* Where there is no descriptor left, the listener stays ready. */
        if (!ep__socket_accept(&endpoint.listener, &connection->socket))
            ep__task_sleep(ACCEPT_PAUSE_MS);
        connection->moved_ms = ep__clock_ms();
        return;
    }
}

static void handle_event(struct connection *connection, short event)
{
    bool is_idle = !is_receiving(connection) && is_all_sent(connection);
    if ((event & (POLLERR | POLLNVAL)) != 0 || (is_idle && event != 0))
        end_connection(connection);
    else if (is_receiving(connection))
        receive(connection);
    else
        send_part(connection);
}

/* Waits once, and does what has become possible. */
static void serve_once(uint64_t milliseconds_max)
{
    struct pollfd events[EP__CONNECTIONS + 1];
    uint64_t wait = list_events(events, milliseconds_max);
    if (poll(events, EP__CONNECTIONS + 1, (int)wait) <= 0)
        return;
    for (unsigned i = 0; i < EP__CONNECTIONS; i++)
        if (events[i].revents != 0)
            handle_event(&endpoint.connections[i], events[i].revents);
    if (events[EP__CONNECTIONS].revents != 0)
        accept_one();
}

void ep__endpoint_wait(uint64_t milliseconds_max)
{
    uint64_t end = ep__clock_ms() + milliseconds_max;
    for (uint64_t now = ep__clock_ms(); now < end; now = ep__clock_ms()) {
        if (!ep__handle_is_there(&endpoint.listener)) {
            endpoint.listener = EP__HANDLE_NONE;
            ep__task_sleep(end - now);
        } else {
            serve_once(end - now);
        }
    }
}

/* --- beginning and end ---------------------------------------------------------------------------- */

static const char *choose_folder(void)
{
    const char *folder = ep__option_text(EP__TEXT_ENDPOINT);
    if (folder != NULL && folder[0] == '/')
        return folder;
    return ep__socket_is_own_folder(runtime_folder) ? runtime_folder : "/tmp";
}

/* In a forked child the handles are the parent's, who goes on with them. */
static void leave_inherited(void)
{
    if (endpoint.was_opened)
        ep__handle_leave(&endpoint.listener);
    for (unsigned i = 0; i < EP__CONNECTIONS; i++) {
        struct connection *connection = &endpoint.connections[i];
        if (endpoint.was_opened) {
            ep__handle_leave(&connection->socket);
            ep__handle_leave(&connection->spool);
        }
        *connection = (struct connection){.socket = EP__HANDLE_NONE, .spool = EP__HANDLE_NONE};
    }
    endpoint.was_opened = true;
}

static void report_failure(int failure)
{
    struct report report;
    ep__report_begin(&report);
    ep__report_text(&report, "the endpoint ");
    ep__report_text(&report, endpoint.path);
    ep__report_text(&report, " cannot be opened, error ");
    ep__report_dec(&report, (uint64_t)failure);
    ep__report_emit(&report);
}

void ep__endpoint_open(void)
{
    struct text path;
    uint64_t process = (uint64_t)getpid();
    leave_inherited();
    ep__text_begin(&path, endpoint.path, sizeof endpoint.path);
    ep__text_put(&path, choose_folder());
    ep__text_put(&path, "/epmalloc.");
    ep__text_put_dec(&path, process);
    int failure = path.length < path.size ? ep__socket_listen(&endpoint.listener, endpoint.path)
                                          : ENAMETOOLONG;
    if (failure != 0)
        report_failure(failure);
    /* order: release EPT -- pairs with ep__endpoint_path; carries the path */
    ep__store_release(&endpoint.owner, failure == 0 ? process : 0);
}

__attribute__((constructor(102))) static void serve_at_load(void)
{
    static const struct background_server server = {ep__endpoint_open, ep__endpoint_wait};
    ep__options_load();
    const char *wanted = ep__option_text(EP__TEXT_ENDPOINT);
    if (wanted == NULL || strcmp(wanted, "0") == 0)
        return;
    (void)ep__option_set(EP__OPTION_BACKGROUND, 1);
    const char *folder = getenv("XDG_RUNTIME_DIR");
    if (folder != NULL && strlen(folder) < sizeof runtime_folder)
        strcpy(runtime_folder, folder);
    ep__background_serve(&server);
}

/* A destructor, because atexit() allocates. */
__attribute__((destructor)) static void remove_at_exit(void)
{
    const char *path = ep__endpoint_path();
    if (*path != '\0')
        ep__socket_remove(path);
}
