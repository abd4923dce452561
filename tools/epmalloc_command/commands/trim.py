"""epmalloc trim."""
import re

from .. import connection, text

HELP = "gives everything free of a running process back to the system, as malloc_trim() does"


def add_arguments(parser):
    parser.add_argument("pid", type=connection.process_id, metavar="PID")


def resident(pid):
    return int(re.search(r"^VmRSS:\s*(\d+) kB", connection.read_proc(pid, "status"), re.M).group(1)) * 1024


def run(arguments):
    before = resident(arguments.pid)
    released = connection.ask_json(arguments.pid, "trim")["released_bytes"]
    print(f"{text.size(released)} given back; resident before {text.size(before)}, "
          f"now {text.size(resident(arguments.pid))}")
