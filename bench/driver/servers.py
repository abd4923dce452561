"""Servers of the benchmarks, each under a client from its own world.

Time is that of the client's load, memory and CPU time are the server's.  RSS after idling is read a
second after the last client has gone.
"""

import os
import socket
import subprocess
import time

from . import run
from .job import find_program, library_for

START_S, IDLE_S, END_S = 60, 1, 30


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def asks(port, question, timeout_s=2.0):
    """The first bytes of the answer to one line; "" when nobody listens."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=timeout_s) as link:
            link.sendall(question.encode() + b"\r\n")
            return link.recv(65536).decode(errors="replace")
    except OSError:
        return ""


def wait_until_answers(port, server, question, answer, timeout_s):
    end = time.monotonic() + timeout_s
    while time.monotonic() < end and server.process.poll() is None:
        if asks(port, question).startswith(answer):
            return True
        time.sleep(0.05)
    return False


def run_clients(commands, timeout_s):
    """(seconds of all of them, failure or None)"""
    start = time.monotonic()
    for command in commands:
        left = max(0.1, start + timeout_s - time.monotonic())
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=left)
        if done.returncode != 0:
            return 0.0, f"{command[0]} ends with {done.returncode}"
    return time.monotonic() - start, None


def run_server(setting, allocator, port, command, hello, clients):
    """hello: (question, answer) that shows that the server is there; clients: their commands."""
    start_s = min(START_S, setting.timeout_s)
    server = run.Measured(setting.build, library_for(allocator, command[0]),
                          [find_program(command[0])] + command[1:], start_s + setting.timeout_s + END_S)
    seconds, rss_kib, failure = 0.0, None, "does not start"
    try:
        if wait_until_answers(port, server, *hello, start_s):
            seconds, failure = run_clients(clients, setting.timeout_s)
            time.sleep(IDLE_S)
            rss_kib = server.rss_kib()
    except subprocess.TimeoutExpired:
        failure = "client hangs"
    finally:
        server.stop()
        cost = server.finish()
    cost["time_s"] = seconds
    if rss_kib:
        cost["rss_idle_kib"] = rss_kib
    cost["failure"] = cost["failure"] or failure
    return cost


def run_redis(setting, allocator):
    port = free_port()
    command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "",
               "--appendonly", "no", "--daemonize", "no", "--dir", setting.folder,
               "--loglevel", "warning"]
    loads = [("set,get,incr,lpush,rpop,sadd,hset,zadd", 150000), ("lrange_100", 8000)]
    clients = [["redis-benchmark", "-h", "127.0.0.1", "-p", str(port), "-t", tests, "-q",
                "-n", str(max(1000, int(count * setting.scale))), "-r", "100000", "-d", "200",
                "-P", "16", "-c", "16"] for tests, count in loads]
    return run_server(setting, allocator, port, command, ("PING", "+PONG"), clients)


# Connections come and go: items lie in memcached's own slabs, what it asks malloc for are connections,
# their buffers, and slabs.
MEMCACHED_ROUNDS, MEMCACHED_CONNECTIONS, MEMCACHED_REQUESTS = 10, 64, 150


def run_memcached(setting, allocator):
    port = free_port()
    command = ["memcached", "-l", "127.0.0.1", "-p", str(port), "-U", "0", "-t", "2", "-m", "128"]
    if os.geteuid() == 0:
        command += ["-u", "root"]
    clients = []
    for n in range(max(2, int(MEMCACHED_ROUNDS * setting.scale))):
        clients.append(["memcslap", f"--servers=127.0.0.1:{port}", f"--test={['set', 'get'][n % 2]}",
                        f"--concurrency={MEMCACHED_CONNECTIONS}",
                        f"--execute-number={MEMCACHED_REQUESTS}"])
    return run_server(setting, allocator, port, command, ("version", "VERSION"), clients)


# Pages are compressed anew for each request, which takes 256 KiB and the request's own pools.
NGINX = """\
daemon off; master_process off; worker_processes 1; pid {folder}/nginx.pid;
error_log stderr crit;
events {{ worker_connections 512; }}
http {{
    access_log off; keepalive_requests 100; types {{ text/html html; }}
    gzip on; gzip_comp_level 1; gzip_min_length 0;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
    server {{ listen 127.0.0.1:{port}; root {folder}/pages; }}
}}
"""
NGINX_REQUESTS, NGINX_PAGE_LINES = 60000, 60


def write_pages(folder):
    pages = os.path.join(folder, "pages")
    os.makedirs(pages, exist_ok=True)
    with open(os.path.join(pages, "index.html"), "w", encoding="utf-8") as page:
        for n in range(NGINX_PAGE_LINES):
            page.write(f"<p>Line {n} of a page: {n * 7919 % 100003} of {n * n} are odd.</p>\n")


def run_nginx(setting, allocator):
    port = free_port()
    configuration = os.path.join(setting.folder, "nginx.conf")
    write_pages(setting.folder)
    with open(configuration, "w", encoding="utf-8") as out:
        out.write(NGINX.format(folder=setting.folder, port=port))
    command = ["nginx", "-p", setting.folder, "-c", configuration, "-e", "stderr"]
    client = ["h2load", "--h1", "-c", "32", "-H", "Accept-Encoding: gzip",
              "-n", str(max(1000, int(NGINX_REQUESTS * setting.scale))),
              f"http://127.0.0.1:{port}/index.html"]
    return run_server(setting, allocator, port, command, ("HEAD / HTTP/1.0\r\n", "HTTP/1.1 200"), [client])
