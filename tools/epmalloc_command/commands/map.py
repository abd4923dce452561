"""epmalloc map."""
import json
import os
import sys
import time

from .. import Failure, connection, drawing, heap
from ..trace import timeline
from ..trace.recording import BadRecording, Recording

HELP = "draws the heap of a running process, or maps from a file"


def add_arguments(parser):
    parser.add_argument("source", metavar="PID|FILE", help="a process; a file written by --format json: one map a line, "
                        "in the order of time; or a recording of epmalloc trace")
    parser.add_argument("--format", choices=("html", "svg", "json"),
                        help="default: by the name of the output, else html")
    parser.add_argument("--output", "-o", metavar="FILE", help="default: standard output")
    parser.add_argument("--colour", choices=drawing.MODES, default="state", help="what colours mean (default: state)")
    parser.add_argument("--arenas", type=int, default=500, metavar="N", help="draw at most so many (default: 500)")
    parser.add_argument("--frames", type=int, default=1, metavar="N", help="so many maps, of the process or over the recording")
    parser.add_argument("--interval", type=float, default=1.0, metavar="SECONDS", help="between them (default: 1)")


def format_of(arguments):
    if arguments.format:
        return arguments.format
    ending = os.path.splitext(arguments.output or "")[1].lstrip(".")
    return ending if ending in ("html", "svg", "json") else "html"


def take_recorded(arguments):
    """Maps at times of a recording of every event (epmalloc trace)."""
    try:
        documents = timeline.documents(Recording(arguments.source), max(1, arguments.frames))
    except BadRecording as failure:
        raise Failure(failure) from None
    return [heap.Heap(document) for document in documents]


def take_heaps(arguments):
    if timeline.is_recording(arguments.source):
        return take_recorded(arguments)
    if not arguments.source.isdigit():
        return heap.read_file(arguments.source)
    pid = connection.process_id(arguments.source)
    heaps = []
    for i in range(max(1, arguments.frames)):
        if i:
            time.sleep(arguments.interval)
        heaps.append(heap.take(pid))
    return heaps


def render(heaps, arguments):
    kind = format_of(arguments)
    if kind == "json":
        return "".join(json.dumps(taken.document, separators=(",", ":")) + "\n" for taken in heaps)
    if kind == "svg":
        return drawing.draw_svg(heaps[-1], arguments.colour, arguments.arenas) + "\n"
    return drawing.draw_page(heaps, arguments.colour, arguments.arenas)


def run(arguments):
    document = render(take_heaps(arguments), arguments)
    if arguments.output is None:
        sys.stdout.write(document)
        return
    try:
        with open(arguments.output, "w", encoding="utf-8") as file:
            file.write(document)
    except OSError as error:
        raise Failure(f"{arguments.output}: {error.strerror}") from None
