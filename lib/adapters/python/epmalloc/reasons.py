"""Why a process holds memory that its objects do not fill: which arenas are kept by how few objects, and of what
types these are."""
import gc
from collections import Counter
from typing import NamedTuple

from . import _epmalloc
from .progress import progress

ARENA_BYTES = 4 << 20
SLOT_BYTES = 64 << 10


class Pin(NamedTuple):
    """An arena that cannot go back to the system, and what keeps it."""
    arena: int  # its address
    live_blocks: int
    live_bytes: int
    pools: int  # 64 KiB slots in use, of 64
    types: dict  # of the Python objects found in it: name of the type -> how many


class Reasons(NamedTuple):
    """What why() found. str() of it is a text for people."""
    stats: _epmalloc.Stats
    pins: list

    def __str__(self):
        return "\n".join(describe(self))


def why(most=10, types=8):
    """Why the heap cannot shrink.

    most      how many arenas to name, those with the fewest live bytes first.
    types     how many types of objects to name for each, the most frequent first.

    Objects are found through the garbage collector, and what they refer to directly: strings and numbers that are only
    reached otherwise, and memory that is no object (tables of dictionaries, C extensions'), are counted as blocks but
    have no type here.
    """
    pins = find_pins()
    pins.sort(key=lambda pin: pin.live_bytes)
    del pins[most:]
    found = find_types({pin.arena for pin in pins})
    return Reasons(_epmalloc.stats(), [pin._replace(types=dict(found[pin.arena].most_common(types))) for pin in pins])


def find_pins():
    """One for each arena that holds a block, without types."""
    live = {}
    for pool in _epmalloc.pools():
        if pool.kind == "huge":
            continue
        blocks, size, slots = live.get(pool.arena, (0, 0, 0))
        live[pool.arena] = (blocks + pool.in_use_most, size + pool.in_use_most * pool.block_bytes,
                            slots + pool.bytes // SLOT_BYTES)
    return [Pin(arena, *sums, {}) for arena, sums in live.items()]


def find_types(arenas):
    """The types of the objects in these arenas, counted."""
    types = {arena: Counter() for arena in arenas}
    seen = set()
    objects = gc.get_objects()
    for thing in progress(objects, "looking at objects"):
        for candidate in (thing, *gc.get_referents(thing)):
            address = id(candidate)
            if address - address % ARENA_BYTES in types and address not in seen:
                seen.add(address)
                types[address - address % ARENA_BYTES][type(candidate).__name__] += 1
    return types


def mib(size):
    return f"{size / 2**20:.1f} MiB"


def describe(reasons):
    stats = reasons.stats
    share = 100 * stats.in_use_bytes / max(1, stats.arena_bytes)
    yield (f"{stats.arenas} arenas of 4 MiB: {mib(stats.in_use_bytes)} in live blocks ({share:.0f} %), "
           f"{mib(stats.available_bytes)} free between them, {mib(stats.unused_pool_bytes)} in free pools.")
    yield (f"{mib(stats.dirty_bytes)} of free pools may be in memory: trim() gives them back. Free blocks beside live "
           "ones cannot go while their pool is in use.")
    for pin in reasons.pins:
        types = ", ".join(f"{count} {name}" for name, count in pin.types.items()) or "no Python object found"
        yield (f"arena {pin.arena:#x}: {pin.live_blocks} live blocks, {mib(pin.live_bytes)}, keep {pin.pools} of its "
               f"64 pools ({types})")
