"""bench/compare on what it must get right: a failure is a cell, samples are kept, the page stands by
itself, an interval holds 1 when nothing differs and not when something does.

    driver.py BUILD FAILING_LIBRARY
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

from driver import pairs, results  # noqa: E402  (found by the line above)
from driver.table import RatioTable  # noqa: E402


def expect(condition, sentence):
    if not condition:
        print(f"driver.py: not so: {sentence}")
        sys.exit(1)


def check_tables():
    table = RatioTable("t", "s")
    table.add("x", "1 thread", {"a": [1.0, 3.0, 2.0], "b": [4.0], "c": []}, {"c": "SIGSEGV"})
    text = "\n".join(table.lines(["a", "b", "c"]))
    expect(re.search(r"^x +1\.00 +2\.00 +SIGSEGV +2\.000 s a +100%$", text, re.M), "a row: " + text)
    expect(re.search(r"^geomean all +1\.000 +2\.000 +-  \(1 rows\)$", text, re.M), "the means: " + text)


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


def check_run(build, library, folder):
    json_file, html_file = os.path.join(folder, "run.json"), os.path.join(folder, "run.html")
    text = run("compare", "--build", build, "--row", "cfrac", "--row", "larson2", "--scale", "0.01",
               "--repeat", "2", "--only", "epmalloc,glibc,failing", f"failing={library}",
               "--json", json_file, "--html", html_file)
    expect(len(re.findall(r"^cfrac .* SIGABRT ", text, re.M)) == 4, "a failure is a cell of each table")
    expect(re.search(r"^failing +- +- +- +- +0 +2$", text, re.M), "the summary counts failures")
    with open(json_file, encoding="utf-8") as file:
        document = json.load(file)
    expect(len(document["rows"]["larson2"]["epmalloc"]) == 2, "every sample is kept")
    expect(document["medians"]["cfrac"]["glibc"]["memory_kib"] > 0, "medians are kept")
    expect(document["rows"]["cfrac"]["failing"][0]["failure"] == "SIGABRT", "failures are kept")
    expect(folder not in json.dumps(document) and build not in json.dumps(document), "no path is kept")
    with open(html_file, encoding="utf-8") as file:
        page = file.read()
    expect(page.count("<svg") == 4 and "SIGABRT" in page, "the page has its plots and failures")
    expect(not re.search(r"(?:src|href)=[\"'](?!#)", page), "the page refers to no other file")


def main():
    build, library = sys.argv[1:]
    check_tables()
    check_growth()
    check_intervals()
    with tempfile.TemporaryDirectory() as folder:
        check_run(build, library, folder)


main()
