"""epmalloc leaks."""
import sys

from .. import connection

HELP = "blocks of a running process that nothing points at"


def add_arguments(parser):
    parser.add_argument("pid", type=connection.process_id, metavar="PID")


def run(arguments):
    sys.stdout.buffer.write(connection.ask(arguments.pid, "leaks"))
