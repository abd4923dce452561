"""bench/compare on what it must get right: a failure is a cell, samples are kept, the page stands by
itself, an interval holds 1 when nothing differs and not when something does.

    driver.py BUILD NAME=FAILING_LIBRARY...
"""

import json
import os
import random
import re
import subprocess
import sys
import tempfile

BENCH = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, BENCH)

from driver import pairs, results, run as run_program  # noqa: E402  (found by the line above)
from driver.table import RatioTable  # noqa: E402


def expect(condition, sentence):
    if not condition:
        print(f"driver.py: not so: {sentence}")
        sys.exit(1)


def check_tables():
    table = RatioTable("t", "s")
    table.add("x", "1 thread", {"a": [1.0, 3.0, 2.0], "b": [4.0], "c": []}, {"c": "SIGSEGV"})
    text = "\n".join(table.lines(["a", "b", "c"]))
    expect(re.search(r"^x +1\.00 +2\.00 +SIGSEGV +2 s a +100%$", text, re.M), "a row: " + text)
    expect(re.search(r"^geomean all +1\.000 +2\.000 +-  \(1 rows\)$", text, re.M), "the means: " + text)


def check_failures():
    """One bad run of three makes the cell a failure, and no mean holds the other two."""
    good, bad = {"time_s": 1.0}, {"failure": "SIGSEGV"}
    samples = {"a": [good, bad, good], "b": [{"time_s": 2.0}] * 3}
    document = {"allocators": [{"name": "a"}, {"name": "b"}], "rows": {"x": samples},
                "row_facts": {"x": {"threads": 1, "group": "1 thread"}}}
    table = results.tables_of(document)["time_s"]
    expect(table.rows[0].ratios() == {"a": None, "b": 1.0}, "a failure has no ratio")
    expect(table.rows[0].failures == {"a": "SIGSEGV"}, "a failure is named")
    expect(results.medians_of(samples) == {"a": {}, "b": {"time_s": 2.0}}, "a failure has no median")


def check_growth():
    times = {"larson2": 1.0, "larson8": 3.0, "xmalloc2": 2.0, "xmalloc8": 2.0 / 3}
    document = {"allocators": [{"name": "a"}],
                "row_facts": {name: {"threads": int(name[-1])} for name in times},
                "medians": {name: {"a": {"time_s": t}} for name, t in times.items()}}
    growth, stems = results.growth_of(document, 2, 8)
    expect(len(stems) == 2 and abs(growth["a"] - 1.0) < 1e-9, f"growth {growth}")


def check_intervals():
    draw = random.Random(7)
    first = [draw.gauss(1.0, 0.05) for _ in range(20)]
    same = [draw.gauss(1.0, 0.05) for _ in range(20)]
    slower = [draw.gauss(1.2, 0.05) for _ in range(20)]
    ratio, low, high = pairs.interval(first, same)
    expect(low <= ratio <= high and low < 1 < high, f"equal ones: {low} {ratio} {high}")
    ratio, low, high = pairs.interval(first, slower)
    expect(low <= ratio <= high < 1, f"a faster one: {low} {ratio} {high}")


def run(program, *arguments):
    """By its own first line: the page needs the interpreter that Debian's packages are for."""
    done = subprocess.run([os.path.join(BENCH, program), *arguments], capture_output=True, text=True)
    print(done.stdout + done.stderr)
    expect(done.returncode == 0, f"{program} ends with {done.returncode}")
    return done.stdout


def check_run(build, failing, folder):
    json_file, html_file = os.path.join(folder, "run.json"), os.path.join(folder, "run.html")
    text = run("compare", "--build", build, "--row", "cfrac", "--row", "burst-idle2", "--scale", "0.01",
               "--repeat", "2", "--only", "epmalloc,glibc,abort,silence", *failing,
               "--json", json_file, "--html", html_file)
    for word in ["SIGABRT", "no result"]:
        found = len(re.findall(rf"^cfrac .* {word} ", text, re.M))
        expect(found == 4, f"{word} is a cell of each table, not of {found}")
    expect(re.search(r"^abort +- +- +- +- +- +0 +2$", text, re.M), "the summary counts failures")
    for title in ["Time", "CPU", "Memory", "Minor page faults", "RSS after idling"]:
        expect(re.search(rf"^{title}.*\n.*\n(cfrac.*\n)?burst-idle2 +[\d.]+ +[\d.]+ ", text, re.M),
               f"a table of {title}")
    with open(json_file, encoding="utf-8") as file:
        document = json.load(file)
    expect(len(document["rows"]["burst-idle2"]["epmalloc"]) == 2, "every sample is kept")
    expect(document["medians"]["cfrac"]["glibc"]["memory_kib"] > 0, "medians are kept")
    expect(document["rows"]["cfrac"]["abort"][0]["failure"] == "SIGABRT", "failures are kept")
    expect(folder not in json.dumps(document) and build not in json.dumps(document), "no path is kept")
    with open(html_file, encoding="utf-8") as file:
        page = file.read()
    expect(page.count("<svg") == 5 and "SIGABRT" in page, "the page has its plots and failures")
    expect(not re.search(r"(?:src|href)=[\"'](?!#)", page), "the page refers to no other file")


def check_hanging(build, failing):
    text = run("compare", "--build", build, "--row", "cfrac", "--scale", "0.01", "--timeout", "1",
               "--only", "hanging", *failing)
    expect(re.search(r"^hanging +0 +1$", text, re.M), "a hanging one is a failure: " + text)


def check_leftovers(build):
    """A child that outlives its parent has the pipe open that the driver reads."""
    cost = run_program.measure(build, None, ["sh", "-c", "sleep 1000 & exit 3"], 250)
    expect(cost["failure"] == "exit 3", f"a failed parent: {cost}")


def check_pairs(build, failing):
    text = run("compare", "--build", build, "--row", "cfrac", "--scale", "0.01", "--pairs", "20",
               "--only", "glibc,abort", *failing)
    expect("abort failed in 2 of 2 runs" in text, "pairs end where one keeps failing")


def main():
    build, *failing = sys.argv[1:]
    check_tables()
    check_failures()
    check_growth()
    check_intervals()
    with tempfile.TemporaryDirectory() as folder:
        check_run(build, failing, folder)
    check_hanging(build, failing)
    check_leftovers(build)
    check_pairs(build, failing)


main()
