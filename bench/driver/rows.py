"""The rows of bench/compare: which program, how many threads, how its memory is compared."""

from dataclasses import dataclass


@dataclass
class Row:
    name: str
    program: str
    threads: int = 1
    variant: str = ""
    memory: str = "peak"  # "peak": ru_maxrss; "noted": highest Rss of smaps_rollup (small rows)

    def command(self, program_path, scale):
        command = [program_path, "--threads", str(self.threads), "--scale", str(scale)]
        return command + (["--variant", self.variant] if self.variant else [])


ROWS = [
    Row("cfrac", "cfrac", memory="noted"),
    Row("espresso", "espresso", memory="noted"),
    Row("glibc-simple", "glibc_simple", memory="noted"),
    Row("malloc-large", "malloc_large"),
    Row("sh6bench1", "sh6bench", memory="noted"),
    Row("alloc-test1", "alloc_test", 1),
    Row("fragmentation", "fragmentation"),
    Row("mleak", "mleak", memory="noted"),
    Row("mleak-orphans", "mleak", variant="orphans", memory="noted"),
    Row("alloc-test2", "alloc_test", 2),
    Row("larson2", "larson", 2),
    Row("larson2-sized", "larson", 2, "sized"),
    Row("mstress2", "mstress", 2),
    Row("rptest2", "rptest", 2),
    Row("xmalloc2", "xmalloc", 2, memory="noted"),
    Row("xmalloc2-mixed", "xmalloc", 2, "mixed", memory="noted"),
    Row("sh8bench2", "sh8bench", 2, memory="noted"),
    Row("glibc-thread2", "glibc_thread", 2, memory="noted"),
    Row("cache-scratch2", "cache_sharing", 2, "scratch", memory="noted"),
    Row("cache-thrash2", "cache_sharing", 2, "thrash", memory="noted"),
    Row("burst-idle2", "burst_idle", 2),
    Row("alloc-test8", "alloc_test", 8),
    Row("larson8", "larson", 8),
    Row("mstress8", "mstress", 8),
    Row("rptest8", "rptest", 8),
    Row("xmalloc8", "xmalloc", 8, memory="noted"),
    Row("sh8bench8", "sh8bench", 8, memory="noted"),
    Row("glibc-thread8", "glibc_thread", 8, memory="noted"),
]
BY_NAME = {row.name: row for row in ROWS}
