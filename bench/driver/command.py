"""What the commands of bench share: options, the choice of allocators, messages, the end."""

import argparse
import os
import sys

from . import allocators, run

START_S = 20


def make_parser(doc):
    """With the options that every command takes; `doc` is the command's docstring."""
    parser = argparse.ArgumentParser(description=doc.partition("\n")[0])
    parser.add_argument("named", nargs="*", metavar="NAME=PATH",
                        help="more allocator libraries; a line in PATH.version says what they are")
    parser.add_argument("--only", metavar="NAME,...", type=lambda text: text.split(","),
                        help="only these allocators")
    parser.add_argument("--build", metavar="FOLDER", help="build folder (default: build beside bench)")
    return parser


def add_json(parser):
    parser.add_argument("--json", metavar="FILE", help="write every sample to FILE")


def add_loops(parser, default):
    parser.add_argument("--loops", type=loops_of, default=default,
                        help=f"which of the hot loops a to f (default {default})")


def loops_of(text):
    if not text or set(text) - set("abcdef"):
        raise argparse.ArgumentTypeError("letters from a to f")
    return text


def say(text):
    print(f"{os.path.basename(sys.argv[0])}: {text}", file=sys.stderr)


def why_broken(allocator, probe):
    """None, or why no program can run under it."""
    _, stderr, failure = run.run_preloaded(allocator, [probe], START_S)
    if failure == "no preload":
        return "cannot be preloaded: " + stderr.strip().splitlines()[0][-120:]
    return failure and f"one malloc ends in {failure}"


def choose_allocators(arguments):
    """Those asked for under which a program starts; the others are named on stderr."""
    probe = run.program_path(arguments.build, "one_malloc")
    usable = []
    for allocator in allocators.choose(arguments.named, arguments.build, arguments.only):
        reason = why_broken(allocator, probe)
        if reason:
            say(f"{allocator.name} left out: {reason}")
        else:
            usable.append(allocator)
    if not usable:
        raise allocators.SetupError("no allocator is left to measure")
    return usable


def run_main(main):
    """Ends the process with main's status; 2 when something has to be put right first."""
    try:
        sys.exit(main())
    except allocators.SetupError as error:
        say(error)
        sys.exit(2)
    except KeyboardInterrupt:
        say("interrupted")
        sys.exit(130)
