"""A heap at one moment: arenas, pools, and which blocks are in use; of epmalloc's heap or of pymalloc's."""
import platform
import resource
from typing import NamedTuple

from . import _epmalloc

PAGE_BYTES = resource.getpagesize()


class PoolMap(NamedTuple):
    arena: int  # address; 0: none, a mapping of its own
    start: int
    bytes: int
    first_block: int
    block_bytes: int
    blocks: int
    in_use: int
    bits: bytes  # a bit a block, 1 for in use, the first one lowest

    def live(self):
        """The numbers of the blocks in use."""
        word = int.from_bytes(self.bits, "little")
        while word:
            lowest = word & -word
            yield lowest.bit_length() - 1
            word ^= lowest


class Snapshot(NamedTuple):
    allocator: str  # epmalloc or pymalloc
    python: str
    arenas: list  # (start, bytes), by address
    slot_bytes: int  # 64 of them in an arena
    pools: list  # PoolMap, by address
    resident_bytes: int  # of the process
    peak_bytes: int


def status_bytes(key):
    with open("/proc/self/status", encoding="ascii") as file:
        for line in file:
            if line.startswith(key + ":"):
                return int(line.split()[1]) * 1024
    raise KeyError(key)


def take(allocator):
    """The heap of this process. allocator: "epmalloc" or "pymalloc"; the latter only in an interpreter that
    `python3 -m epmalloc inspect` started."""
    resident, peak = status_bytes("VmRSS"), status_bytes("VmHWM")
    if allocator == "pymalloc":
        arenas, slot_bytes, rows = _epmalloc.pymalloc_arenas(), 16 << 10, _epmalloc.pymalloc_map()
    else:
        arenas = sorted((arena.start, 4 << 20) for arena in _epmalloc.arenas())
        slot_bytes, rows = 64 << 10, _epmalloc.map()
    pools = sorted(PoolMap(*row) for row in rows)
    return Snapshot(allocator, platform.python_version(), arenas, slot_bytes, pools, resident, peak)


def live_pages(snapshot):
    """How many system pages hold a part of a block in use."""
    pages = 0
    for pool in snapshot.pools:
        last = -1
        if pool.in_use == pool.blocks:
            pages += -(-pool.bytes // PAGE_BYTES)
            continue
        for number in pool.live():
            start = pool.first_block + number * pool.block_bytes
            first, end = start // PAGE_BYTES, (start + pool.block_bytes - 1) // PAGE_BYTES
            pages += end - max(first, last + 1) + 1
            last = end
    return pages


class ClassRow(NamedTuple):
    block_bytes: int
    pools: int
    in_use: int
    available: int


def classes(snapshot):
    """Sums over the pools of each size, smallest first; runs and huge blocks are left out."""
    sums = {}
    for pool in snapshot.pools:
        if pool.blocks > 1 and pool.in_use:
            row = sums.get(pool.block_bytes, ClassRow(pool.block_bytes, 0, 0, 0))
            sums[pool.block_bytes] = ClassRow(pool.block_bytes, row.pools + 1, row.in_use + pool.in_use,
                                              row.available + pool.blocks - pool.in_use)
    return [sums[size] for size in sorted(sums)]


def figures(snapshot):
    """What is said of a heap in one line each: (words, value)."""
    used = [pool for pool in snapshot.pools if pool.in_use]
    mib = 2**20
    return [("arenas", f"{len(snapshot.arenas)} of {snapshot.arenas[0][1] // mib if snapshot.arenas else 0} MiB"),
            ("pools in use", f"{len(used)} of {snapshot.slot_bytes >> 10} KiB and more"),
            ("blocks in use", f"{sum(pool.in_use for pool in used):,}"),
            ("bytes in them", f"{sum(pool.in_use * pool.block_bytes for pool in used) / mib:.1f} MiB"),
            ("pages with a block in use", f"{live_pages(snapshot) * PAGE_BYTES / mib:.1f} MiB"),
            ("resident memory of the process", f"{snapshot.resident_bytes / mib:.1f} MiB"),
            ("its peak", f"{snapshot.peak_bytes / mib:.1f} MiB")]
