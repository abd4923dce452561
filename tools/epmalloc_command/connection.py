"""Asks a running process at its endpoint."""
import errno
import json
import os
import pwd
import re
import socket
import stat
import struct
import time

from . import Failure

PATIENCE_SECONDS = 60


def read_proc(pid, name, mode="r"):
    """A file of the process; Failure when there is no such process, None when it may not be read."""
    try:
        with open(f"/proc/{pid}/{name}", mode) as file:
            return file.read()
    except (FileNotFoundError, ProcessLookupError):
        raise Failure(f"process {pid}: there is no such process") from None
    except PermissionError:
        return None


def owner_of(pid):
    try:
        return os.stat(f"/proc/{pid}").st_uid
    except FileNotFoundError:
        raise Failure(f"process {pid}: there is no such process") from None


def variable(environment, name):
    for entry in (environment or b"").split(b"\0"):
        if entry.startswith(name + b"="):
            return entry[len(name) + 1:].decode(errors="surrogateescape")
    return None


def folders_of(pid):
    """Where the process may have its socket: what it was started with, then what is usual."""
    environment = read_proc(pid, "environ", "rb")
    for entry in (variable(environment, b"EPMALLOC_CONF") or "").split(","):
        if entry.startswith("endpoint:/"):
            yield entry[len("endpoint:"):]
    for folder in (variable(environment, b"XDG_RUNTIME_DIR"), os.environ.get("XDG_RUNTIME_DIR"), "/tmp"):
        if folder:
            yield folder


def find_socket(pid, owner):
    """The path of the process's socket, which belongs to the process's user."""
    for folder in folders_of(pid):
        path = os.path.join(folder, f"epmalloc.{pid}")
        try:
            status = os.lstat(path)
        except OSError:
            continue
        if stat.S_ISSOCK(status.st_mode) and status.st_uid == owner:
            return path
        raise Failure(f"{path} is not a socket of the user of process {pid}: not asked")
    maps = read_proc(pid, "maps")
    if maps is not None and not re.search(r"libepmalloc[\w.-]*\.so", maps):
        raise Failure(f"process {pid}: no endpoint, and libepmalloc.so is not loaded; start it by `epmalloc run PROGRAM`")
    raise Failure(f"process {pid}: no endpoint; start it with EPMALLOC_CONF=endpoint:1, or by `epmalloc run PROGRAM`")


def check_peer(connection, pid, owner):
    credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    other, user, _ = struct.unpack("3i", credentials)
    if user != owner or other not in (0, pid):
        raise Failure(f"process {pid}: another process ({other}, user {user}) answers in its place: not asked")


def connect(pid):
    owner = owner_of(pid)
    if owner != os.geteuid() and os.geteuid() != 0:
        try:
            name = pwd.getpwuid(owner).pw_name
        except KeyError:
            name = str(owner)
        raise Failure(f"process {pid} belongs to {name}: only that user, or root, is answered")
    path = find_socket(pid, owner)
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.settimeout(PATIENCE_SECONDS)
    try:
        connect_to(connection, path)
        check_peer(connection, pid, owner)
    except Failure:
        connection.close()
        raise
    except OSError as error:
        connection.close()
        if error.errno == errno.ECONNREFUSED:
            raise Failure(f"process {pid}: its endpoint {path} is closed") from None
        raise Failure(f"process {pid}: {path}: {error.strerror or error}") from None
    return connection


def connect_to(connection, path):
    """A socket has its name a moment before it listens, so the first refusals do not count."""
    for pause in (0.01, 0.1, 0.5, None):
        try:
            return connection.connect(path)
        except ConnectionRefusedError:
            if pause is None:
                raise
            time.sleep(pause)


def receive(connection, pid):
    """Parts of what comes until the other side ends the connection."""
    end = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < end:
        try:
            part = connection.recv(1 << 16)
        except TimeoutError:
            break
        except OSError as error:
            raise Failure(f"process {pid}: {error.strerror or error}") from None
        if not part:
            return
        yield part
    raise Failure(f"process {pid} does not answer; is it stopped?")


def ask(pid, request):
    """The document that answers a request, as bytes."""
    with connect(pid) as connection:
        try:
            connection.sendall(request.encode() + b"\n")
        except OSError as error:
            raise Failure(f"process {pid}: {error.strerror or error}") from None
        answer = b"".join(receive(connection, pid))
    if not answer.endswith(b"\0"):
        raise Failure(f"process {pid}: the answer was cut off; has it ended?")
    head, _, document = answer[:-1].partition(b"\n")
    if head != b"ok":
        raise Failure(f"process {pid}: {head.decode(errors='replace').removeprefix('error: ')}")
    return document


def ask_json(pid, request):
    return json.loads(ask(pid, request))


def process_id(word):
    """For argparse: a process's number."""
    number = int(word)
    if number <= 0:
        raise ValueError
    return number


process_id.__name__ = "process number"
