"""Which instructions of a library's slow paths were stopped at.

The instructions are objdump's, the functions the symbol table's.  Left out are functions that are no slow
path of an allocation or a free; the table below says why.
"""
import re
import subprocess
from dataclasses import dataclass, field

# Functions of libepmalloc.so that are not counted, and why.
LEFT_OUT = [
    (r"ep__(report|text|foreign)_\w+|write_bytes|report_entry|cut_piece", "messages"),
    (r"ep__options?_\w+|ep__vm_machine_bytes|ep__vm_limit_bytes", "options and limits, read once"),
    (r"\w+_check", "invariants, for tests"),
    (r"malloc_info|malloc_stats|mallinfo2?|mallopt|print|print_stats_at_exit|ep__vm_resident_bytes|"
     r"ep__(account|view|part|format|cpython|stream)_\w+|ep__(thread|ids)_next\w*|ep__ids_is_taken|ep_walk_\w+|"
     r"ep_stats\w*|ep_metrics_write|(put|add|each|view|show)_(?!aside)\w+|make_digits|measure_map|"
     r"ep_good_size|ep_options|ep_owns|ep__cache_owns", "statistics and questions"),
    (r"_Z\w+|allocate_or_\w+|retry_or_\w+|ep__cxx_\w+", "C++ operators around ep_malloc and ep_free"),
    (r"ck_epoch_(init|recycle|synchronize\w*|barrier\w*|unregister|reclaim|poll)|_ck_\w+|__popcountdi2|"
     r"ck_\w+_deferred_unused", "parts of Concurrency Kit that are not called"),
    (r"_init|_fini|_start|__do_global_\w+|frame_dummy|(de)?register_tm_clones|atexit", "start and end of the process"),
]

INSTRUCTION = re.compile(r"^\s*([0-9a-f]+):\t(\S+)")
FUNCTION = re.compile(r"^([0-9a-f]+) <([^>]+)>:$")
# What leads to a call that reports corruption and aborts is not counted where it was not met.
ABORTING = re.compile(r"(?:call|jmp)\s.*<(?:ep__report_corruption|ep__report_abort|report_free)(?:\.\w+)*>")
FILLER = {"nop", "nopw", "nopl", "int3", "xchg", "data16", "cs"}


@dataclass
class Function:
    name: str
    start: int
    instructions: list = field(default_factory=list)
    missing: list = field(default_factory=list)
    reporting: set = field(default_factory=set)  # calls that abort
    jumps: set = field(default_factory=set)

    @property
    def reached(self):
        return len(self.instructions) - len(self.missing)


def read_functions(library):
    text = subprocess.run(["objdump", "-d", "--no-show-raw-insn", "--section=.text", library], check=True,
                          capture_output=True, text=True).stdout
    functions = []
    for line in text.splitlines():
        begin = FUNCTION.match(line)
        if begin:
            functions.append(Function(begin[2], int(begin[1], 16)))
            continue
        instruction = INSTRUCTION.match(line)
        if instruction and functions and instruction[2] not in FILLER:
            functions[-1].instructions.append(int(instruction[1], 16))
            if re.match(r"j|ret|bnd", instruction[2]):
                functions[-1].jumps.add(int(instruction[1], 16))
            if ABORTING.search(line):
                functions[-1].reporting.add(int(instruction[1], 16))
    return [function for function in functions if function.instructions]


def is_left_out(name):
    plain = re.sub(r"\.(cold|part\.\d+|constprop\.\d+|isra\.\d+|localalias)", "", name)
    return any(re.fullmatch(pattern, plain) for pattern, _ in LEFT_OUT)


def leave_reports_out(function, reached):
    kept = []
    for at in function.instructions:
        kept.append(at)
        if at in function.reporting and at not in reached:
            kept.pop()
            while kept and kept[-1] not in reached and kept[-1] not in function.jumps:
                kept.pop()
    function.instructions = kept


def slow_paths(library, reached):
    """The functions that count, with what was never stopped at."""
    reached = set(reached)
    chosen = [function for function in read_functions(library) if not is_left_out(function.name)]
    for function in chosen:
        leave_reports_out(function, reached)
        function.missing = [at for at in function.instructions if at not in reached]
    return chosen


def ranges(function):
    """Rows of instructions that were not reached, as (first offset in the function, number)."""
    rows = []
    missing = set(function.missing)
    before = False
    for at in function.instructions:
        if at in missing and before:
            rows[-1][1] += 1
        elif at in missing:
            rows.append([at - function.start, 1])
        before = at in missing
    return [tuple(row) for row in rows]
