/*
 * message_server: a small multithreaded key-value server and its clients, in one process.
 *
 * Not somebody's production server, but built like one: two I/O threads read frames from
 * sockets and make request objects, two worker threads own the shards of the store and make
 * responses, and the I/O threads write and free those.  So a request is allocated by an I/O
 * thread and freed by a worker, a stored value stays where an I/O thread allocated it until a
 * worker replaces it, and a response goes the other way.  The two client threads use static
 * buffers and allocate nothing while the clock runs, so memory and allocator time are
 * the server's.  Peak RSS: about 20,000 values, 10 MB of payload.
 *
 * Operations: set (20-1500 bytes, small ones more often), get, append (cut at 4 KiB) and list
 * (16 values joined), 4 : 10 : 1 : 1, sent in pipelines of 32.
 */
#include "../scenario/scenario.h"

#include <atomic>
#include <condition_variable>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <memory>
#include <mutex>
#include <poll.h>
#include <string>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>
#include <unordered_map>
#include <utility>
#include <vector>

namespace
{

constexpr unsigned io_threads = 2, workers = 2, clients = 2, connections_per_client = 4;
constexpr unsigned connections = clients * connections_per_client;
constexpr unsigned pipeline = 32;
constexpr uint64_t keys = 20000;
constexpr size_t most_payload = 1500, most_value = 4096, listed = 16;

struct header {
    uint32_t payload_bytes;
    uint32_t operation;
    uint64_t key;
};

struct request {
    unsigned connection;
    header head;
    std::string payload;
};

struct response {
    unsigned connection;
    std::string bytes; /* length word and payload */
};

[[noreturn]] void fail(const char *what)
{
    perror(what);
    exit(1);
}

template <typename T> class queue
{
  public:
    void push(std::unique_ptr<T> item)
    {
        std::lock_guard<std::mutex> hold(lock);
        items.push_back(std::move(item));
        ready.notify_one();
    }

    /* Everything that is there; waits for something unless `wait` is false. */
    std::deque<std::unique_ptr<T>> take(bool wait)
    {
        std::unique_lock<std::mutex> hold(lock);
        ready.wait(hold, [&] { return !items.empty() || !wait || closed; });
        return std::exchange(items, {});
    }

    void close()
    {
        std::lock_guard<std::mutex> hold(lock);
        closed = true;
        ready.notify_all();
    }

  private:
    std::mutex lock;
    std::condition_variable ready;
    std::deque<std::unique_ptr<T>> items;
    bool closed = false;
};

struct io_side {
    queue<response> outgoing;
    int wake_fd = -1;
};

queue<request> incoming[workers];
io_side io[io_threads];
int server_fd[connections], client_fd[connections];
std::string unparsed[connections];

/* --- workers ------------------------------------------------------------------------------- */

using store = std::unordered_map<uint64_t, std::string>;

std::string list_values(const store &values, uint64_t key)
{
    std::string joined;

    for (uint64_t i = 0; i < listed; i++) {
        auto found = values.find((key + i * workers) % keys);

        if (found != values.end())
            joined += found->second;
    }
    return joined;
}

std::string answer_request(store &values, request &asked)
{
    std::string &value = values[asked.head.key];

    switch (asked.head.operation) {
    case 's':
        value = std::move(asked.payload);
        return "stored";
    case 'a':
        if (value.size() + asked.payload.size() > most_value)
            value.clear();
        value += asked.payload;
        return "appended";
    case 'l':
        return list_values(values, asked.head.key);
    default:
        return value;
    }
}

void run_worker(unsigned worker)
{
    store values;

    for (;;) {
        auto requests = incoming[worker].take(true);

        if (requests.empty())
            return;
        for (auto &asked : requests) {
            std::string text = answer_request(values, *asked);
            uint32_t length = static_cast<uint32_t>(text.size());
            auto made = std::make_unique<response>();
            io_side &side = io[asked->connection % io_threads];
            uint64_t one = 1;

            made->connection = asked->connection;
            made->bytes.reserve(sizeof length + text.size());
            made->bytes.append(reinterpret_cast<char *>(&length), sizeof length);
            made->bytes += text;
            asked.reset();
            side.outgoing.push(std::move(made));
            if (write(side.wake_fd, &one, sizeof one) != sizeof one)
                fail("eventfd");
        }
    }
}

/* --- I/O threads --------------------------------------------------------------------------- */

/* Turns the whole frames that have come in into requests. */
void parse_frames(unsigned connection)
{
    std::string &bytes = unparsed[connection];
    size_t at = 0;
    header head;

    while (bytes.size() - at >= sizeof head) {
        memcpy(&head, bytes.data() + at, sizeof head);
        if (bytes.size() - at < sizeof head + head.payload_bytes)
            break;
        auto asked = std::make_unique<request>();

        asked->connection = connection;
        asked->head = head;
        asked->payload.assign(bytes, at + sizeof head, head.payload_bytes);
        at += sizeof head + head.payload_bytes;
        incoming[head.key % workers].push(std::move(asked));
    }
    bytes.erase(0, at);
}

/* False at the end of the connection. */
bool read_connection(unsigned connection)
{
    char buffer[32768];
    ssize_t got = read(server_fd[connection], buffer, sizeof buffer);

    if (got < 0)
        fail("read");
    unparsed[connection].append(buffer, static_cast<size_t>(got));
    parse_frames(connection);
    return got > 0;
}

void write_responses(io_side &side)
{
    for (auto &made : side.outgoing.take(false)) {
        const std::string &bytes = made->bytes;

        for (size_t at = 0; at < bytes.size();) {
            ssize_t put = write(server_fd[made->connection], bytes.data() + at, bytes.size() - at);

            if (put < 0)
                fail("write");
            at += static_cast<size_t>(put);
        }
    }
}

void run_io(unsigned thread_idx)
{
    std::vector<pollfd> waiting{{io[thread_idx].wake_fd, POLLIN, 0}};
    std::vector<unsigned> of{0};
    uint64_t count;

    for (unsigned c = thread_idx; c < connections; c += io_threads) {
        waiting.push_back({server_fd[c], POLLIN, 0});
        of.push_back(c);
    }
    while (waiting.size() > 1) {
        if (poll(waiting.data(), waiting.size(), -1) < 0)
            fail("poll");
        if (waiting[0].revents != 0 && read(waiting[0].fd, &count, sizeof count) > 0)
            write_responses(io[thread_idx]);
        for (size_t i = waiting.size() - 1; i > 0; i--) {
            if (waiting[i].revents != 0 && !read_connection(of[i])) {
                waiting.erase(waiting.begin() + static_cast<long>(i));
                of.erase(of.begin() + static_cast<long>(i));
            }
        }
    }
}

/* --- clients ------------------------------------------------------------------------------- */

size_t pipelines_per_connection;
std::atomic<uint64_t> bytes_received;

size_t put_request(char *at, uint64_t *random)
{
    static const char operations[] = "ssssggggggggggal";
    header head = {0, static_cast<uint32_t>(operations[scenario_below(random, 16)]),
                   scenario_below(random, keys)};

    if (head.operation == 's' || head.operation == 'a')
        head.payload_bytes = static_cast<uint32_t>(
            20 + scenario_below(random, 1 + scenario_below(random, most_payload)));
    memcpy(at, &head, sizeof head);
    memset(at + sizeof head, 'x', head.payload_bytes);
    return sizeof head + head.payload_bytes;
}

void write_all(int fd, const char *bytes, size_t size)
{
    while (size > 0) {
        ssize_t put = write(fd, bytes, size);

        if (put < 0)
            fail("client write");
        bytes += put;
        size -= static_cast<size_t>(put);
    }
}

/* Reads `count` responses and drops them. */
void read_responses(int fd, char *buffer, size_t size, unsigned count)
{
    size_t held = 0, skip = 0;
    uint32_t length;

    while (count > 0) {
        ssize_t got = read(fd, buffer + held, size - held);
        size_t at = 0;

        if (got <= 0)
            fail("client read");
        bytes_received += static_cast<uint64_t>(got);
        held += static_cast<size_t>(got);
        while (count > 0 && held - at >= sizeof length) {
            memcpy(&length, buffer + at, sizeof length);
            skip = sizeof length + length;
            if (held - at < skip)
                break;
            at += skip;
            count--;
        }
        memmove(buffer, buffer + at, held - at);
        held -= at;
    }
}

void run_client(unsigned client)
{
    static char out[clients][pipeline * (sizeof(header) + most_payload + 64)];
    static char in[clients][256 * 1024];
    uint64_t random = scenario_seed(client);

    for (size_t n = 0; n < pipelines_per_connection; n++) {
        for (unsigned c = client; c < connections; c += clients) {
            size_t size = 0;

            for (unsigned i = 0; i < pipeline; i++)
                size += put_request(out[client] + size, &random);
            write_all(client_fd[c], out[client], size);
        }
        for (unsigned c = client; c < connections; c += clients)
            read_responses(client_fd[c], in[client], sizeof in[client], pipeline);
    }
    for (unsigned c = client; c < connections; c += clients)
        close(client_fd[c]);
}

void open_connections()
{
    for (unsigned c = 0; c < connections; c++) {
        int pair[2];

        if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0)
            fail("socketpair");
        server_fd[c] = pair[0];
        client_fd[c] = pair[1];
    }
    for (io_side &side : io) {
        side.wake_fd = eventfd(0, EFD_CLOEXEC);
        if (side.wake_fd < 0)
            fail("eventfd");
    }
}

} // namespace

int main(int argc, char **argv)
{
    scenario s;
    std::vector<std::thread> serving[2], asking;

    scenario_start(&s, "message_server", argc, argv);
    pipelines_per_connection = scenario_scaled(&s, 3000);
    open_connections();
    for (unsigned i = 0; i < workers; i++)
        serving[0].emplace_back(run_worker, i);
    for (unsigned i = 0; i < io_threads; i++)
        serving[1].emplace_back(run_io, i);
    for (unsigned i = 0; i < clients; i++)
        asking.emplace_back(run_client, i);
    for (auto &thread : asking)
        thread.join();
    scenario_stop_clock(&s);
    for (auto &thread : serving[1])
        thread.join();
    for (auto &shard : incoming)
        shard.close();
    for (auto &thread : serving[0])
        thread.join();
    scenario_report_with(&s, "megabytes", static_cast<double>(bytes_received) / 1e6);
    return 0;
}
