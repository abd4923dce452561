/* The endpoint: lib/observe/endpoint.c.  A thread of the test is the helper thread.  What the command makes of it:
 * tests/tools. */
#include "unit/alone.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>

#include "observe/endpoint.h"
#include "sys/clock.h"
#include "sys/options.h"
#include "sys/task.h"
#include "sys/unix_socket.h"
#include "unit/caches.h"

enum { ANSWER_BYTES = 1 << 20 };

static char folder[64];
static char answer[ANSWER_BYTES];
static _Atomic(unsigned) rounds;

/* As the helper thread is: with every signal blocked. */
static void *serve(void *unused)
{
    sigset_t every;
    sigfillset(&every);
    pthread_sigmask(SIG_SETMASK, &every, NULL);
    ep__endpoint_open();
    for (;;) {
        ep__endpoint_wait(10);
        atomic_fetch_add(&rounds, 1);
    }
    return unused;
}

static void begin(void)
{
    char entry[96];
    pthread_t thread;
    strcpy(folder, "/tmp/epmalloc-test-XXXXXX");
    assert_non_null(mkdtemp(folder));
    snprintf(entry, sizeof entry, "endpoint:%s", folder);
    assert_int_equal(ep__options_parse(entry), 0);
    assert_int_equal(pthread_create(&thread, NULL, serve, NULL), 0);
    while (*ep__endpoint_path() == '\0')
        ep__task_pause();
}

/* The process ends by _exit(), without destructors. */
static void end(void)
{
    assert_int_equal(unlink(ep__endpoint_path()), 0);
    assert_int_equal(rmdir(folder), 0);
}

static void await_rounds(unsigned count)
{
    unsigned before = atomic_load(&rounds);
    while (atomic_load(&rounds) < before + count)
        ep__task_pause();
}

static int try_to_connect(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int file = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    strcpy(address.sun_path, ep__endpoint_path());
    if (connect(file, (struct sockaddr *)&address, sizeof address) == 0)
        return file;
    close(file);
    return -1;
}

static int begin_request(const char *bytes, size_t length)
{
    int file = try_to_connect();
    assert_true(file >= 0);
    assert_int_equal(send(file, bytes, length, MSG_NOSIGNAL), (ssize_t)length);
    return file;
}

/* What is answered until the connection ends; its length. */
static size_t end_request(int file)
{
    size_t length = 0;
    ssize_t got;
    while ((got = read(file, answer + length, sizeof answer - 1 - length)) > 0)
        length += (size_t)got;
    answer[length] = '\0';
    close(file);
    return length;
}

static size_t ask(const char *line)
{
    return end_request(begin_request(line, strlen(line)));
}

static void an_answer_is_ok_a_document_and_a_nul(void)
{
    begin();
    size_t length = ask("hello\n");
    assert_int_equal(strncmp(answer, "ok\n{\"epmalloc\":\"", 16), 0);
    assert_int_equal(strlen(answer), length - 1);
    length = ask("map\n");
    assert_int_equal(strncmp(answer, "ok\n{\"map\":1,", 12), 0);
    assert_int_equal(strlen(answer), length - 1);
    end();
}

static void the_socket_is_the_users_alone_and_bears_the_process_number(void)
{
    struct stat status;
    char path[128];
    begin();
    snprintf(path, sizeof path, "%s/epmalloc.%d", folder, getpid());
    assert_string_equal(ep__endpoint_path(), path);
    assert_int_equal(lstat(path, &status), 0);
    assert_true(S_ISSOCK(status.st_mode));
    assert_int_equal(status.st_mode & 07777, 0600);
    end();
}

static void a_bad_request_is_one_line_of_error(void)
{
    static const char *const lines[] = {"\n",        "bogus\n", "stats\n", "stats yaml\n",
                                        "help me\n", "h\001\n", "\r\n"};
    begin();
    for (unsigned i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        size_t length = ask(lines[i]);
        assert_int_equal(strncmp(answer, "error: ", 7), 0);
        assert_ptr_equal(strchr(answer, '\n'), answer + length - 2);
    }
    end();
}

static void a_line_in_pieces_is_a_line_and_one_that_is_too_long_is_refused(void)
{
    char bytes[1000];
    begin();
    int file = begin_request("hel", 3);
    await_rounds(1);
    assert_int_equal(send(file, "p\n", 2, 0), 2);
    end_request(file);
    assert_int_equal(strncmp(answer, "ok\nhelp: ", 9), 0);
    memset(bytes, 'a', sizeof bytes);
    end_request(begin_request(bytes, sizeof bytes));
    assert_int_equal(strncmp(answer, "error: ", 7), 0);
    end();
}

/* Neither who says nothing, nor who does not read, nor who leaves, keeps the thread or others. */
static void clients_that_stand_still_hold_up_nobody(void)
{
    enum { BLOCKS = 20000 };
    static void *blocks[BLOCKS];
    int small = 1;
    begin();
    for (unsigned i = 0; i < BLOCKS; i++)
        blocks[i] = ep_malloc(16 + i % 4000);
    int silent = begin_request("", 0);
    int deaf = try_to_connect();
    setsockopt(deaf, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    assert_int_equal(send(deaf, "pages\n", 6, 0), 6);
    for (unsigned i = 0; i < 50; i++) {
        close(begin_request("map\n", 4));
        close(begin_request("ma", 2));
    }
    await_rounds(3);
    ask("hello\n");
    assert_int_equal(strncmp(answer, "ok\n", 3), 0);
    /* The one that has not read so far gets all of it. */
    size_t length = end_request(deaf);
    assert_int_equal(strncmp(answer, "ok\n{\"pages\":1", 13), 0);
    assert_string_equal(answer + length - 4, "]}\n");
    close(silent);
    for (unsigned i = 0; i < BLOCKS; i++)
        ep_free(blocks[i]);
    end();
}

/* More than there are connections; they stand in the kernel's queue, and come to their turn. */
static void many_clients_at_once_are_all_answered(void)
{
    enum { CLIENTS = EP__CONNECTIONS + 4 };
    int files[CLIENTS];
    begin();
    for (unsigned i = 0; i < CLIENTS; i++)
        files[i] = begin_request("hel", 3);
    for (unsigned i = 0; i < CLIENTS; i++) {
        assert_int_equal(send(files[i], "lo\n", 3, 0), 3);
        end_request(files[i]);
        assert_int_equal(strncmp(answer, "ok\n", 3), 0);
    }
    end();
}

/* Bytes drawn from a seed, half of them near what is a request.  The thread survives and answers the next. */
static void random_bytes_crash_and_block_nothing(void)
{
    static const char *const words[] = {
        "stats", "json", "map",  "pages", "help",    "process",     "trim", " ",
        "  ",    "\n",   "\r\n", "",      "threads", "openmetrics", "\t",   "cpython"};
    uint64_t seed = 88172645463325252;
    begin();
    for (unsigned i = 0; i < 400; i++) {
        char bytes[600];
        size_t length = 0;
        while (length < sizeof bytes - 20) {
            seed ^= seed << 13, seed ^= seed >> 7, seed ^= seed << 17;
            if (seed % 13 == 0)
                break;
            if (seed & 1024)
                length += (size_t)sprintf(bytes + length, "%s", words[seed / 2048 % 16]);
            else
                bytes[length++] = (char)(seed >> 16);
        }
        int file = try_to_connect();
        assert_true(file >= 0);
        (void)!send(file, bytes, length, MSG_NOSIGNAL);
        (void)!send(file, "\n", i & 1, MSG_NOSIGNAL);
        if (i & 1)
            end_request(file);
        else
            close(file);
    }
    ask("hello\n");
    assert_int_equal(strncmp(answer, "ok\n", 3), 0);
    end();
}

static void the_program_may_close_every_descriptor(void)
{
    begin();
    char path[EP__SOCKET_PATH_BYTES];
    strcpy(path, ep__endpoint_path());
    int client = begin_request("hel", 3);
    /* By system calls: ThreadSanitizer takes a descriptor that another thread closes for a race, which it is. */
    assert_int_equal(syscall(SYS_close_range, client + 1, 1023, 0), 0);
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    for (int file = 200; file < 210; file++)
        assert_int_equal(syscall(SYS_dup3, ends[1], file, 0), file);
    await_rounds(3);
    /* Files of the program's under numbers that were the endpoint's are as they were. */
    for (int file = 200; file < 210; file++)
        assert_int_equal(syscall(SYS_write, file, "x", 1), 1);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(folder), 0);
}

/* Whether the thread has accepted before or not: the one is not answered, the other waits. */
static void a_process_without_free_descriptors_goes_on(void)
{
    struct rlimit limit;
    begin();
    int client = try_to_connect();
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    rlim_t before = limit.rlim_cur;
    limit.rlim_cur = 0;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    assert_int_equal(send(client, "hello\n", 6, 0), 6);
    await_rounds(3);
    limit.rlim_cur = before;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    end_request(client);
    ask("hello\n");
    assert_int_equal(strncmp(answer, "ok\n", 3), 0);
    end();
}

static void a_folder_that_is_not_there_is_said_in_one_line(void)
{
    struct capture capture;
    char output[512];
    assert_int_equal(ep__options_parse("endpoint:/nowhere/at/all"), 0);
    assert_int_equal(capture_begin(&capture), 0);
    ep__endpoint_open();
    capture_end(&capture, output, sizeof output);
    assert_string_equal(ep__endpoint_path(), "");
    assert_non_null(strstr(output, "epmalloc: the endpoint /nowhere/at/all/epmalloc."));
    assert_ptr_equal(strchr(output, '\n'), output + strlen(output) - 1);
    uint64_t before = ep__clock_ms();
    ep__endpoint_wait(20);
    assert_true(ep__clock_ms() - before >= 19);
}

static void a_folder_whose_name_is_too_long_for_a_socket_is_not_cut(void)
{
    struct capture capture;
    char entry[200] = "endpoint:/tmp";
    char output[512];
    for (unsigned i = 0; i < 80; i++)
        strcat(entry, i % 2 ? "/." : "/");
    assert_int_equal(ep__options_parse(entry), 0);
    assert_int_equal(capture_begin(&capture), 0);
    ep__endpoint_open();
    capture_end(&capture, output, sizeof output);
    assert_string_equal(ep__endpoint_path(), "");
    assert_non_null(strstr(output, " cannot be opened, error 36\n"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        alone(an_answer_is_ok_a_document_and_a_nul),
        alone(the_socket_is_the_users_alone_and_bears_the_process_number),
        alone(a_bad_request_is_one_line_of_error),
        alone(a_line_in_pieces_is_a_line_and_one_that_is_too_long_is_refused),
        alone(clients_that_stand_still_hold_up_nobody),
        alone(many_clients_at_once_are_all_answered),
        alone(random_bytes_crash_and_block_nothing),
        alone(the_program_may_close_every_descriptor),
        alone(a_process_without_free_descriptors_goes_on),
        alone(a_folder_that_is_not_there_is_said_in_one_line),
        alone(a_folder_whose_name_is_too_long_for_a_socket_is_not_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
