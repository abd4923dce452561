"""Commands of gdb for programs on epmalloc, on live processes and on core files.

    epmalloc arenas            every arena, the fullest usable ones first
    epmalloc pools ARENA       what stands in the slots of an arena
    epmalloc block ADDRESS     the pool that an address lies in, and what the block at it is

They read the allocator's tables with its debugging information and call nothing in the program. A process that was
stopped in the middle of an operation may have a slot on its way: neither free nor in a pool.
"""
import gdb

SLOTS = 64
SLOT_BYTES = 1 << 16
ARENA_BYTES = SLOTS * SLOT_BYTES
DESCRIPTOR_BYTES = 128
STATES = ("free", "owned", "full", "partial")


def look_up(name):
    try:
        return gdb.parse_and_eval(name)
    except gdb.error:
        raise gdb.GdbError("epmalloc: no epmalloc in this program, or no debugging information of it") from None


def constant(name):
    return int(look_up(name))


class Window:
    def __init__(self, pointer):
        self.it = pointer.dereference()
        self.base = int(self.it["base"])
        self.slots = int(self.it["slot_count"])
        self.begun = min(int(self.it["arenas_begun"]), int(self.it["arena_count"]))

    def arena(self, number):
        return Arena(self, number)

    def pool(self, slot):
        address = int(self.it["pools"]) + slot * DESCRIPTOR_BYTES
        return gdb.Value(address).cast(gdb.lookup_type("struct pool").pointer()).dereference()


def windows():
    table = look_up("ep__windows")
    for i in range(table.type.range()[1] + 1):
        if int(table[i]) == 0:
            return
        yield Window(table[i])


class Arena:
    def __init__(self, window, number):
        self.window, self.number = window, number
        self.it = window.it["groups"][number // SLOTS]["arenas"][number % SLOTS]
        self.start = window.base + number * ARENA_BYTES
        self.free = int(self.it["free_slots"])
        self.dirty = int(self.it["dirty_slots"])
        self.in_use = int(self.it["in_use"]) != 0

    @property
    def bucket(self):
        return int(self.it["bucket"])

    def slots(self):
        """(slot, Pool or None for a free slot), in the order of addresses."""
        slot = 0
        while slot < SLOTS:
            pool = None if self.free >> slot & 1 else Pool(self, slot)
            yield slot, pool
            slot += 1 if pool is None else pool.slots


class Pool:
    """What stands in a slot that is not free."""

    def __init__(self, arena, slot):
        self.arena, self.slot = arena, slot
        self.it = arena.window.pool(arena.number * SLOTS + slot)
        word = int(self.it["word"])
        self.head, self.count, self.state = word >> 48, word >> 32 & 0xffff, STATES[word >> 30 & 3]
        kind = int(arena.it["kinds"][slot])
        self.start = arena.start + slot * SLOT_BYTES
        self.slots, self.class_index, self.is_run = 1, None, False
        self.owner = int(arena.window.it["owners"][arena.number * SLOTS + slot])
        if self.state == "full" and kind == constant("EP__KIND_RUN"):
            self.is_run, self.slots = True, int(self.it["run_slots"])
        elif self.state != "free" and kind < constant("EP__POOL_KINDS"):
            self.class_index = kind % constant("EP__CLASSES")
            size = look_up("ep__size_classes")[self.class_index]
            self.slots, self.blocks, self.block_bytes = int(size["slots"]), int(size["capacity"]), int(size["bytes"])
            self.first = self.start + int(self.it["start"])

    def remote_list(self):
        """Blocks that others have freed into a pool that somebody owns, or anybody into an ownerless one."""
        if self.count:
            yield from self.chain(self.start + self.head * 16)

    def private_list(self):
        """Blocks on the owner's list, but for those that its malloc pops."""
        yield from self.chain(int(self.it["list"]))

    def chain(self, block):
        pointer = gdb.lookup_type("unsigned long").pointer()
        for _ in range(self.blocks):
            if block == 0:
                return
            yield block
            block = int(gdb.Value(block).cast(pointer).dereference())

    def describe(self):
        if self.is_run:
            return f"a block of {self.slots * SLOT_BYTES} bytes"
        if self.class_index is None:
            return "on its way: about to be acquired or given back"
        words = f"{self.blocks} blocks of {self.block_bytes} bytes, {self.state}"
        if self.state == "owned":
            words += f" by thread {self.owner}, {self.count} freed by others"
        elif self.state == "partial":
            words += f", {self.count} of them free"
        return words


def used_arenas():
    for window in windows():
        for number in range(window.begun):
            arena = window.arena(number)
            if arena.in_use:
                yield arena


def count_bits(word):
    return bin(word).count("1")


def find_pool(address):
    """The arena and the slot's pool of an address; None: no arena is there; (arena, None): the slot is free."""
    for window in windows():
        slot = (address - window.base) // SLOT_BYTES
        if not 0 <= slot < window.slots or slot // SLOTS >= window.begun:
            continue
        arena = window.arena(slot // SLOTS)
        if not arena.in_use:
            continue
        for first, pool in arena.slots():
            if first <= slot % SLOTS < first + (pool.slots if pool else 1):
                return arena, pool
    return None


class Prefix(gdb.Command):
    """Shows the heap of a program on epmalloc."""

    def __init__(self):
        super().__init__("epmalloc", gdb.COMMAND_DATA, gdb.COMPLETE_NONE, True)


class ArenasCommand(gdb.Command):
    """epmalloc arenas: every arena in use, the fullest usable ones first."""

    def __init__(self):
        super().__init__("epmalloc arenas", gdb.COMMAND_DATA)

    def invoke(self, argument, from_tty):
        arenas = sorted(used_arenas(), key=lambda arena: (arena.free == 0, arena.bucket, arena.start))
        for arena in arenas:
            print(f"arena {arena.number} at {arena.start:#x}: {count_bits(arena.free)} of {SLOTS} slots free, "
                  f"{count_bits(arena.free & arena.dirty)} of them in memory, bucket {arena.bucket}")
        print(f"{len(arenas)} arenas")


class PoolsCommand(gdb.Command):
    """epmalloc pools ARENA: what stands in the slots of an arena, which is named by its number or an address in it."""

    def __init__(self):
        super().__init__("epmalloc pools", gdb.COMMAND_DATA)

    def invoke(self, argument, from_tty):
        if not argument:
            raise gdb.GdbError("epmalloc pools: name an arena by its number, or by an address in it")
        wanted = int(gdb.parse_and_eval(argument))
        for arena in used_arenas():
            if wanted == arena.number or arena.start <= wanted < arena.start + ARENA_BYTES:
                return self.show(arena)
        raise gdb.GdbError(f"epmalloc pools: {argument} is no arena in use")

    def show(self, arena):
        for slot, pool in arena.slots():
            if pool is not None:
                print(f"slot {slot} at {pool.start:#x}: {pool.describe()}")
        print(f"arena {arena.number}: {count_bits(arena.free)} slots free")


class BlockCommand(gdb.Command):
    """epmalloc block ADDRESS: the pool that an address lies in, and what the block at it is."""

    def __init__(self):
        super().__init__("epmalloc block", gdb.COMMAND_DATA)

    def invoke(self, argument, from_tty):
        if not argument:
            raise gdb.GdbError("epmalloc block: name an address")
        address = int(gdb.parse_and_eval(argument).cast(gdb.lookup_type("unsigned long")))
        found = find_pool(address)
        if found is None:
            print(f"{address:#x}: in no arena; a block above 1 MiB, or not epmalloc's")
            return
        arena, pool = found
        if pool is None:
            print(f"{address:#x}: in a free slot of arena {arena.number}")
            return
        print(f"{address:#x}: arena {arena.number}, slot {pool.slot} at {pool.start:#x}: {pool.describe()}")
        if pool.class_index is not None:
            print(self.describe_block(pool, address))

    def describe_block(self, pool, address):
        index, offset = divmod(address - pool.first, pool.block_bytes)
        if not 0 <= index < pool.blocks:
            return "in no block: the pool's edge"
        block = pool.first + index * pool.block_bytes
        words = f"block {index} at {block:#x}" + (f", {offset} bytes into it" if offset else "") + ": "
        if block in pool.remote_list():
            return words + "free (freed by another thread, or into an ownerless pool)"
        if block in pool.private_list():
            return words + "free (on the pool's own list)"
        if index >= int(pool.it["carved"]):
            return words + "free (never given out)"
        if pool.state == "owned":
            return words + "in use, or on the list that its owner's malloc takes from"
        return words + "in use"


for command in (Prefix, ArenasCommand, PoolsCommand, BlockCommand):
    command()
