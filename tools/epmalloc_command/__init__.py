"""The command epmalloc.

main.py finds the subcommands: each is a module of commands/ with
    HELP                    one line
    add_arguments(parser)   what may follow, for argparse
    run(arguments)          does it; returns the exit status; raises Failure with one line for people
connection.py asks a running process, heap.py is what it says about its arenas and pools.
"""


class Failure(Exception):
    """What went wrong, in one line."""
