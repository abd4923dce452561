#!/usr/bin/env python3
"""Profiles of a program whose truth is known, read by tools that are not ours: protoc, jeprof and google-pprof; and by
tools/heap_profile.

Arguments: the program (libc_profile.c), then protoc, jeprof, google-pprof, readelf."""
import gzip
import os
import re
import subprocess
import sys
import tempfile

FOLDER = os.path.dirname(os.path.abspath(__file__))
TOOL = os.path.join(FOLDER, "..", "..", "tools", "heap_profile")
TRUTH = 4000 * 1024  # bytes that `keep` has in use and `drop` has freed
# One sample stands for 2.54 blocks: the standard error of 4000 blocks is 2 %.
TOLERANCE = 0.08


def run(*command, **more):
    return subprocess.run(command, check=True, capture_output=True, text=True, **more).stdout


def is_near(number, truth):
    return abs(number - truth) <= TOLERANCE * truth


def check(holds, words):
    if not holds:
        sys.exit(f"profiles.py: {words}")


def parse_text_format(text):
    """protoc's text: {field: [numbers, strings or messages]}."""
    def message(lines):
        fields = {}
        for line in lines:
            line = line.strip()
            if line == "}":
                break
            if line.endswith("{"):
                fields.setdefault(line[:-1].strip(), []).append(message(lines))
            else:
                name, value = line.split(": ", 1)
                fields.setdefault(name, []).append(value.strip('"') if value.startswith('"') else int(value))
        return fields
    return message(iter(text.splitlines()))


def check_proto(protoc, readelf, program, folder):
    with gzip.open(os.path.join(folder, "profile.pb.gz")) as file:
        content = file.read()
    with open(os.path.join(folder, "profile.pb"), "wb") as file:
        file.write(content)
    with open(os.path.join(folder, "profile.pb"), "rb") as file:
        text = subprocess.run([protoc, f"--proto_path={FOLDER}", "--decode=Profile", "profile.proto"], stdin=file,
                              check=True, capture_output=True, text=True).stdout
    check(not re.search(r"^\s*\d+: ", text, re.M), "protoc finds fields that the schema has not")
    profile = parse_text_format(text)
    strings = profile["string_table"]
    check(strings[0] == "", "the first string is not empty")
    types = [(strings[t["type"][0]], strings[t["unit"][0]]) for t in profile["sample_type"]]
    check(types == [("alloc_objects", "count"), ("alloc_space", "bytes"), ("inuse_objects", "count"),
                    ("inuse_space", "bytes")], f"sample types are {types}")
    sums = [sum(sample["value"][i] for sample in profile["sample"]) for i in range(4)]
    check(is_near(sums[1], 2 * TRUTH) and is_near(sums[3], TRUTH), f"sums are {sums}")
    check(is_near(sums[0], 8000) and is_near(sums[2], 4000), f"sums are {sums}")
    check(profile["period"] == [2048], "the period is not the interval")
    locations = {location["id"][0]: location for location in profile["location"]}
    check(len(locations) == len(profile["location"]), "two locations have one number")
    used = {i for sample in profile["sample"] for i in sample["location_id"]}
    check(used == set(locations), "samples and locations do not match")
    mappings = {mapping["id"][0]: mapping for mapping in profile["mapping"]}
    for location in locations.values():
        mapping = mappings[location["mapping_id"][0]]
        check(mapping["memory_start"][0] <= location["address"][0] < mapping["memory_limit"][0],
              "an address lies outside its mapping")
    own = [m for m in mappings.values() if strings[m["filename"][0]] == os.path.realpath(program)]
    build_id = re.search(r"Build ID: (\w+)", run(readelf, "-n", program))
    check(own and strings[own[0].get("build_id", [0])[0]] == (build_id[1] if build_id else ""), "the build id is wrong")


def check_text(tool, program, path, value):
    """The sum that a tool prints for a function and what it calls."""
    for kind, function, truth in (("--inuse_space", "keep", TRUTH), ("--alloc_space", "drop", TRUTH)):
        text = run(tool, "--text", "--show_bytes", kind, program, path)
        line = re.search(rf"(\d+) +[\d.]+% {function}$", text, re.M)
        check(line and is_near(int(line[1]), truth), f"{value}: {kind} of {function} is not {truth}:\n{text}")


def check_ours(folder):
    path = os.path.join(folder, "profile.pb.gz")
    top = run(TOOL, "top", path)
    line = re.search(r"^\s*([\d,]+) +[\d.]+ %\n\s+keep libc_profile.c:\d+\n\s+main libc_profile.c:\d+$", top, re.M)
    check(line and is_near(int(line[1].replace(",", "")), TRUTH), f"heap_profile top does not name keep first:\n{top}")
    check("keep" not in run(TOOL, "top", "--base", path, path), "a profile differs from itself")
    page = run(TOOL, "flame", path, "--value", "alloc_space")
    check("keep libc_profile.c" in page and "drop libc_profile.c" in page and not re.search(r"(src|href)=", page),
          "the flame graph lacks a function, or needs another file")


def main():
    program, protoc, jeprof, google_pprof, readelf = sys.argv[1:]
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([program, folder], check=True, env={**os.environ, "EPMALLOC_CONF": "profile_seed:1"})
        check_proto(protoc, readelf, program, folder)
        check_text(jeprof, program, os.path.join(folder, "profile.heap"), "jeprof")
        check_text(google_pprof, program, os.path.join(folder, "profile.gperftools"), "google-pprof")
        check_ours(folder)


main()
