"""epmalloc profile."""
import base64
import sys
import time

from .. import connection

HELP = "samples the allocations of a running process, and writes or shows what is in use"
FORMATS = ("text", "pprof", "jemalloc", "gperftools")


def add_arguments(parser):
    parser.add_argument("pid", type=connection.process_id, metavar="PID")
    parser.add_argument("--seconds", type=float, metavar="N",
                        help="start the sampling, wait N seconds, show what has come in them and stays, and end it")
    parser.add_argument("--start", action="store_true", help="only start the sampling")
    parser.add_argument("--stop", action="store_true", help="only end it")
    parser.add_argument("--kind", choices=("heap", "peak", "growth"), default="heap",
                        help="what is in use now, was when the heap was biggest, or has come since the last mark "
                             "(default: heap)")
    parser.add_argument("--format", choices=FORMATS, default="text",
                        help="pprof: for pprof and heap_profile; jemalloc: for jeprof; gperftools: for google-pprof "
                             "(default: text)")
    parser.add_argument("--output", metavar="FILE", help="where it is written (default: standard output)")


def fetch(arguments, kind):
    document = connection.ask(arguments.pid, f"profile {kind} {arguments.format}")
    return base64.b64decode(document) if arguments.format == "pprof" else document


def run(arguments):
    if arguments.start or arguments.stop:
        connection.ask(arguments.pid, "profile start" if arguments.start else "profile stop")
        return
    kind = arguments.kind
    if arguments.seconds is not None:
        connection.ask(arguments.pid, "profile start")
        connection.ask(arguments.pid, "profile mark")
        time.sleep(arguments.seconds)
        kind = "growth"
    document = fetch(arguments, kind)
    if arguments.seconds is not None:
        connection.ask(arguments.pid, "profile stop")
    if arguments.output is None:
        sys.stdout.buffer.write(document)
        return
    with open(arguments.output, "wb") as file:
        file.write(document)
