/* Sockets and spools: lib/sys/unix_socket_linux.c. */
#include "unit/alone.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "sys/report.h"
#include "sys/unix_socket.h"

static char folder[64];
static char path[96];

static void make_folder(void)
{
    strcpy(folder, "/tmp/epmalloc-test-XXXXXX");
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/socket", folder);
}

static void remove_folder(void)
{
    (void)unlink(path);
    assert_int_equal(rmdir(folder), 0);
}

static int connect_to(const char *to)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int file = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    strcpy(address.sun_path, to);
    if (connect(file, (struct sockaddr *)&address, sizeof address) == 0)
        return file;
    close(file);
    return -1;
}

static void nobody_but_the_user_may_connect_whatever_the_umask_is(void)
{
    struct handle listener;
    struct stat status;
    make_folder();
    (void)umask(0);
    errno = ENOENT;
    assert_int_equal(ep__socket_listen(&listener, path), 0);
    assert_int_equal(errno, ENOENT);
    assert_int_equal(lstat(path, &status), 0);
    assert_true(S_ISSOCK(status.st_mode));
    assert_int_equal(status.st_mode & 0777, 0600);
    assert_int_equal(status.st_uid, geteuid());
    ep__handle_close(&listener);
    remove_folder();
}

static void a_socket_that_was_left_over_is_replaced(void)
{
    struct handle listener;
    make_folder();
    assert_int_equal(ep__socket_listen(&listener, path), 0);
    ep__handle_close(&listener);
    assert_int_equal(ep__socket_listen(&listener, path), 0);
    int client = connect_to(path);
    assert_true(client >= 0);
    close(client);
    ep__handle_close(&listener);
    remove_folder();
}

static void a_socket_at_which_somebody_listens_is_not(void)
{
    struct handle first, second;
    make_folder();
    assert_int_equal(ep__socket_listen(&first, path), 0);
    assert_int_equal(ep__socket_listen(&second, path), EADDRINUSE);
    assert_int_equal(second.file, -1);
    int client = connect_to(path);
    assert_true(client >= 0);
    close(client);
    ep__handle_close(&first);
    remove_folder();
}

/* A file, a link to one, a link to nowhere: none is followed, none is removed. */
static void what_is_not_a_socket_is_left_alone(void)
{
    struct handle listener;
    struct stat status;
    char target[96];
    make_folder();
    snprintf(target, sizeof target, "%s/target", folder);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fclose(file);
    assert_int_equal(ep__socket_listen(&listener, path), EADDRINUSE);
    assert_int_equal(lstat(path, &status), 0);
    assert_true(S_ISREG(status.st_mode));
    assert_int_equal(unlink(path), 0);
    assert_int_equal(symlink(target, path), 0);
    assert_int_equal(ep__socket_listen(&listener, path), EADDRINUSE);
    assert_int_not_equal(lstat(target, &status), 0);
    assert_int_equal(lstat(path, &status), 0);
    assert_true(S_ISLNK(status.st_mode));
    remove_folder();
}

static void a_path_that_is_too_long_or_leads_nowhere_is_an_error(void)
{
    struct handle listener;
    char far[200];
    memset(far, 'a', sizeof far - 1);
    far[sizeof far - 1] = '\0';
    assert_int_equal(ep__socket_listen(&listener, far), ENAMETOOLONG);
    assert_int_equal(ep__socket_listen(&listener, "/nowhere/socket"), ENOENT);
    assert_int_equal(listener.file, -1);
}

static void only_a_folder_of_the_user_is_an_own_one(void)
{
    make_folder();
    assert_true(ep__socket_is_own_folder(folder));
    assert_false(ep__socket_is_own_folder(""));
    assert_false(ep__socket_is_own_folder("."));
    assert_false(ep__socket_is_own_folder("/nowhere"));
    assert_false(ep__socket_is_own_folder("/proc/self/stat"));
    remove_folder();
    if (geteuid() != 0)
        assert_false(ep__socket_is_own_folder("/proc"));
}

/* Only root can be another user; without it the kernel's mode bits are all there is to see. */
static void another_user_is_not_accepted(void)
{
    struct handle listener, connection;
    int status;
    if (geteuid() != 0)
        return;
    make_folder();
    assert_int_equal(chmod(folder, 0755), 0);
    assert_int_equal(ep__socket_listen(&listener, path), 0);
    pid_t other = fork();
    if (other == 0)
        _exit(setuid(12345) == 0 && connect_to(path) < 0 && errno == EACCES ? 0 : 1);
    assert_int_equal(waitpid(other, &status, 0), other);
    assert_int_equal(status, 0);
    /* Even where the file would let it. */
    assert_int_equal(chmod(path, 0666), 0);
    other = fork();
    if (other == 0) {
        int client = setuid(12345) == 0 ? connect_to(path) : -1;
        char byte;
        _exit(client >= 0 && read(client, &byte, 1) <= 0 ? 0 : 1);
    }
    struct pollfd event = {.fd = listener.file, .events = POLLIN};
    assert_int_equal(poll(&event, 1, -1), 1);
    assert_false(ep__socket_accept(&listener, &connection));
    assert_int_equal(waitpid(other, &status, 0), other);
    assert_int_equal(status, 0);
    ep__handle_close(&listener);
    remove_folder();
}

static void a_descriptor_that_the_program_has_closed_is_not_touched(void)
{
    struct handle spool;
    assert_true(ep__spool_open(&spool));
    assert_true(ep__handle_is_there(&spool));
    int number = spool.file;
    assert_int_equal(close(number), 0);
    assert_false(ep__handle_is_there(&spool));
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(dup2(ends[0], number), number);
    assert_false(ep__handle_is_there(&spool));
    ep__handle_close(&spool);
    assert_int_equal(spool.file, -1);
    assert_int_not_equal(fcntl(number, F_GETFD), -1);
}

static void a_spool_is_sent_piece_by_piece_and_never_blocks(void)
{
    enum { BYTES = 1 << 20 };
    static char sent_bytes[BYTES], got_bytes[BYTES];
    struct handle listener, connection, spool;
    uint64_t sent = 0, got = 0;
    make_folder();
    for (unsigned i = 0; i < BYTES; i++)
        sent_bytes[i] = (char)(i * 7 + i / 251);
    assert_int_equal(ep__socket_listen(&listener, path), 0);
    int client = connect_to(path);
    assert_true(ep__socket_accept(&listener, &connection));
    assert_true(ep__spool_open(&spool));
    assert_int_equal(ep__text_write(spool.file, sent_bytes, BYTES), 0);
    while (sent < BYTES) {
        uint64_t before;
        do {
            before = sent;
            assert_true(ep__spool_send(&spool, &connection, &sent, BYTES));
        } while (sent != before && sent < BYTES);
        while (got < sent) {
            ssize_t part = read(client, got_bytes + got, BYTES - got);
            assert_true(part > 0);
            got += (uint64_t)part;
        }
    }
    assert_memory_equal(sent_bytes, got_bytes, BYTES);
    close(client);
    signal(SIGPIPE, SIG_IGN);
    sent = 0;
    assert_false(ep__spool_send(&spool, &connection, &sent, BYTES));
    assert_true(ep__spool_clear(&spool));
    assert_int_equal(lseek(spool.file, 0, SEEK_END), 0);
    ep__handle_close(&spool);
    ep__handle_close(&connection);
    ep__handle_close(&listener);
    remove_folder();
}

static void what_is_received_is_nothing_some_or_the_end(void)
{
    struct handle listener, connection;
    char bytes[8];
    make_folder();
    assert_int_equal(ep__socket_listen(&listener, path), 0);
    assert_false(ep__socket_accept(&listener, &connection));
    int client = connect_to(path);
    assert_true(ep__socket_accept(&listener, &connection));
    errno = ENOENT;
    assert_int_equal(ep__socket_receive(&connection, bytes, sizeof bytes), 0);
    assert_int_equal(errno, ENOENT);
    assert_int_equal(write(client, "abc", 3), 3);
    assert_int_equal(ep__socket_receive(&connection, bytes, sizeof bytes), 3);
    close(client);
    assert_int_equal(ep__socket_receive(&connection, bytes, sizeof bytes), -1);
    ep__handle_close(&connection);
    ep__handle_close(&listener);
    remove_folder();
}

static void who_leaves_a_connection_does_not_end_it_for_the_others(void)
{
    struct handle listener, connection, same;
    char byte = 0;
    make_folder();
    assert_int_equal(ep__socket_listen(&listener, path), 0);
    int client = connect_to(path);
    assert_true(ep__socket_accept(&listener, &connection));
    same = connection;
    same.file = dup(connection.file);
    ep__handle_leave(&same);
    assert_int_equal(write(connection.file, "x", 1), 1);
    assert_int_equal(read(client, &byte, 1), 1);
    same = connection;
    same.file = dup(connection.file);
    ep__handle_close(&same);
    assert_int_equal(read(client, &byte, 1), 0);
    ep__handle_close(&connection);
    ep__handle_close(&listener);
    close(client);
    remove_folder();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        alone(nobody_but_the_user_may_connect_whatever_the_umask_is),
        alone(a_socket_that_was_left_over_is_replaced),
        alone(a_socket_at_which_somebody_listens_is_not),
        alone(what_is_not_a_socket_is_left_alone),
        alone(a_path_that_is_too_long_or_leads_nowhere_is_an_error),
        alone(only_a_folder_of_the_user_is_an_own_one),
        alone(another_user_is_not_accepted),
        alone(a_descriptor_that_the_program_has_closed_is_not_touched),
        alone(a_spool_is_sent_piece_by_piece_and_never_blocks),
        alone(what_is_received_is_nothing_some_or_the_end),
        alone(who_leaves_a_connection_does_not_end_it_for_the_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
