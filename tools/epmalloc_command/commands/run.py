"""epmalloc run."""
import glob
import os

from .. import Failure

HELP = "runs a program on epmalloc, with its endpoint open"
HERE = os.path.dirname(os.path.realpath(__file__))


def add_arguments(parser):
    parser.add_argument("--conf", default="", metavar="KEY:VALUE,...",
                        help="options, as in EPMALLOC_CONF; they come after endpoint:1 and those of the environment")
    parser.add_argument("--library", metavar="FILE", help="libepmalloc.so; else the one that was installed with this "
                        "command, or built in the source tree")
    parser.add_argument("program", metavar="PROGRAM")
    parser.add_argument("arguments", nargs="...", metavar="ARGUMENT")


def find_library():
    """Beside the installed command, or in a build folder of the source tree."""
    top = os.path.normpath(os.path.join(HERE, "..", "..", "..", ".."))
    tree = os.path.normpath(os.path.join(HERE, "..", "..", ".."))
    for pattern in (f"{top}/lib/libepmalloc.so", f"{top}/lib/*/libepmalloc.so", f"{top}/lib64/libepmalloc.so",
                    f"{tree}/build*/libepmalloc.so", f"{tree}/build*/*/libepmalloc.so"):
        for path in sorted(glob.glob(pattern)):
            return path
    raise Failure("libepmalloc.so is not there; name it by --library")


def run(arguments):
    library = os.path.abspath(arguments.library) if arguments.library else find_library()
    if not os.path.exists(library):
        raise Failure(f"{library}: there is no such library")
    environment = dict(os.environ)
    options = ["endpoint:1", environment.get("EPMALLOC_CONF", ""), arguments.conf]
    environment["EPMALLOC_CONF"] = ",".join(option for option in options if option)
    preload = [library, environment.get("LD_PRELOAD", "")]
    environment["LD_PRELOAD"] = ":".join(entry for entry in preload if entry)
    try:
        os.execvpe(arguments.program, [arguments.program, *arguments.arguments], environment)
    except OSError as error:
        raise Failure(f"{arguments.program}: {error.strerror}") from None
