"""epmalloc trace: recordings of every change of state (docs/tracing.md)."""
from .. import Failure
from ..trace import command
from ..trace.recording import BadRecording

HELP = "records what the allocator does, replays, filters and summarises it"


def add_arguments(parser):
    command.add_parsers(parser)


def run(arguments):
    try:
        return arguments.run_trace(arguments)
    except BadRecording as failure:
        raise Failure(failure) from None
    except BrokenPipeError:
        raise
    except OSError as failure:
        raise Failure(f"{failure.filename}: {failure.strerror}") from None
