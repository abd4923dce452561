"""The command line: one module of commands/ a subcommand."""
import argparse
import importlib
import os
import pkgutil
import sys

from . import Failure, commands


def find_commands():
    names = sorted(module.name for module in pkgutil.iter_modules(commands.__path__))
    return {name: importlib.import_module(f"{commands.__name__}.{name}") for name in names}


def make_parser(modules):
    parser = argparse.ArgumentParser(prog="epmalloc", description="Starts programs on epmalloc, and shows what the heap "
                                     "of a running one looks like. A process answers when it was started with "
                                     "EPMALLOC_CONF=endpoint:1, or by `epmalloc run`.")
    subparsers = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, module in modules.items():
        subparser = subparsers.add_parser(name, help=module.HELP, description=module.HELP)
        module.add_arguments(subparser)
        subparser.set_defaults(run=module.run)
    return parser


def main(words):
    arguments = make_parser(find_commands()).parse_args(words)
    try:
        return arguments.run(arguments) or 0
    except Failure as failure:
        print(f"epmalloc: {failure}", file=sys.stderr)
        return 1
    except BrokenPipeError:
        # Whoever reads has seen enough; the interpreter must not complain when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        return 130
