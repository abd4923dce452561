"""epmalloc stats."""
import sys

from .. import connection

HELP = "prints the statistics of a running process"
FORMATS = ("text", "json", "openmetrics", "xml", "cpython")


def add_arguments(parser):
    parser.add_argument("pid", type=connection.process_id, metavar="PID")
    parser.add_argument("--format", choices=FORMATS, default="text",
                        help="cpython: the table of sys._debugmallocstats() (default: text)")
    parser.add_argument("--part", action="append", default=[], choices=("process", "classes", "arenas", "threads"),
                        help="only this part; may be given several times")


def run(arguments):
    request = "cpython" if arguments.format == "cpython" else " ".join(["stats", arguments.format, *arguments.part])
    sys.stdout.buffer.write(connection.ask(arguments.pid, request))
