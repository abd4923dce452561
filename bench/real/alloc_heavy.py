"""An allocation-heavy Python program for bench/main_job: run it with PYTHONMALLOC=malloc.

Builds and drops what Python programs are made of: dictionaries of strings, small lists and
tuples, objects with attributes, a parsed and written JSON document, joined and split text,
and a binary tree.  The result is a checksum, so that a wrong byte shows.
"""

import json
import sys


class Node:
    def __init__(self, key):
        self.key, self.left, self.right = key, None, None


def insert(node, key):
    while True:
        side = "left" if key < node.key else "right"
        child = getattr(node, side)
        if child is None:
            setattr(node, side, Node(key))
            return
        node = child


def build_tree(count):
    root, key = Node(500000), 1
    for _ in range(count):
        key = key * 48271 % 2147483647
        insert(root, key % 1000003)
    return root


def depth_of(root):
    level, depth = [root], 0
    while level:
        depth += 1
        level = [c for n in level for c in (n.left, n.right) if c]
    return depth


def count_words(rounds):
    counts = {}
    for i in range(rounds):
        for word in f"the quick brown fox {i} jumps over the lazy dog {i * 7} times".split():
            counts[word] = counts.get(word, 0) + 1
    return len(counts)


def rewrite_document(items):
    document = {"items": [{"id": i, "name": f"item-{i}", "tags": [str(i % 7), str(i % 11)],
                           "price": i * 1.25} for i in range(items)]}
    text = json.dumps(document)
    again = json.loads(text)
    return len(text) + sum(item["id"] for item in again["items"])


def sort_records(count):
    records = [(i * 7919 % 104729, str(i), [i, i + 1]) for i in range(count)]
    records.sort()
    return records[0][0] + len({r[1] for r in records})


def main():
    scale = float(sys.argv[1]) if len(sys.argv) > 1 else 1.0
    checksum = 0
    for _ in range(max(1, int(4 * scale))):
        checksum += depth_of(build_tree(25000))
        checksum += count_words(30000)
        checksum += rewrite_document(20000)
        checksum += sort_records(60000)
    print(f"checksum={checksum}")


main()
