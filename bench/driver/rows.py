"""The rows of bench/compare: which program, how many threads, how its memory is compared."""

from dataclasses import dataclass

from . import jobs, run

APPLICATIONS = "applications"


@dataclass
class Row:
    """One scenario program with its arguments."""

    name: str
    program: str
    threads: int = 1
    variant: str = ""
    memory: str = "peak"  # "peak": ru_maxrss; "noted": highest Rss of smaps_rollup (small rows)
    only_full: bool = False  # in the table of --full only, and in no mean but its own

    @property
    def group(self):
        return "1 thread" if self.threads == 1 else f"{self.threads} threads"

    def missing(self, build):
        """Why this row cannot run here; None when it can."""
        if run.program_path(build, self.program, must_exist=False):
            return None
        return f"{self.program} is not built"

    def run_once(self, setting, allocator):
        arguments = ["--threads", str(self.threads)]
        if self.variant:
            arguments += ["--variant", self.variant]
        sample = sample_of(run.measure_scenario(setting, allocator, self.program, arguments))
        if self.memory == "noted" and "rss_kib" in sample:
            sample["memory_kib"] = sample["rss_kib"]
        return sample


@dataclass
class ApplicationRow:
    """A real program of jobs.py as a row."""

    job: jobs.Job
    threads: int = 0
    memory: str = "peak"
    only_full: bool = True
    group: str = APPLICATIONS

    @property
    def name(self):
        return self.job.name

    def missing(self, _build):
        missing = self.job.missing()
        return f"not installed: {', '.join(missing)}" if missing else None

    def run_once(self, setting, allocator):
        return sample_of(self.job.run_once(setting, allocator))


NUMBERS = ["time_s", "user_s", "sys_s", "peak_rss_kib", "minor_faults", "rss_kib", "rss_idle_kib"]


def sample_of(cost):
    """One sample: the quantities, or {"failure": a word} and the end of what the program said."""
    if cost["failure"]:
        return {"failure": cost["failure"], "stderr": cost["stderr"][-300:]}
    numbers = {key: float(cost[key]) for key in NUMBERS if key in cost}
    return {**numbers, "cpu_s": cost["user_s"] + cost["sys_s"], "memory_kib": numbers["peak_rss_kib"]}


SCENARIOS = [
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
    Row("rcu-hash2", "rcu_hash", 2),
    Row("alloc-test8", "alloc_test", 8),
    Row("larson8", "larson", 8),
    Row("mstress8", "mstress", 8),
    Row("rptest8", "rptest", 8),
    Row("xmalloc8", "xmalloc", 8, memory="noted"),
    Row("sh8bench8", "sh8bench", 8, memory="noted"),
    Row("glibc-thread8", "glibc_thread", 8, memory="noted"),
    Row("rcu-hash8", "rcu_hash", 8),
    Row("threads1000", "many_threads", 1000),
    Row("alloc-test16", "alloc_test", 16, only_full=True),
    Row("larson16", "larson", 16, only_full=True),
    Row("mstress16", "mstress", 16, only_full=True),
    Row("rptest16", "rptest", 16, only_full=True),
    Row("xmalloc16", "xmalloc", 16, memory="noted", only_full=True),
    Row("sh8bench16", "sh8bench", 16, memory="noted", only_full=True),
    Row("glibc-thread16", "glibc_thread", 16, memory="noted", only_full=True),
]
ROWS = SCENARIOS + [ApplicationRow(job) for job in jobs.JOBS]
BY_NAME = {row.name: row for row in ROWS}
