"""Whether two allocators differ on a row: the ratio of medians over interleaved pairs, with a 95 %
confidence interval by bootstrap."""

import random
from statistics import median

from .results import SHORT_TITLES

RESAMPLES, SEED = 10000, 1


def interval(first, second):
    """(ratio of the medians, low, high): whole pairs are drawn again, so that what disturbed both
    of a pair stays together."""
    draw = random.Random(SEED)
    count = len(first)
    ratios = []
    for _ in range(RESAMPLES):
        chosen = draw.choices(range(count), k=count)
        divisor = median([second[i] for i in chosen])
        if divisor:
            ratios.append(median([first[i] for i in chosen]) / divisor)
    ratios.sort()
    low, high = ratios[int(0.025 * len(ratios))], ratios[int(0.975 * len(ratios))]
    return median(first) / median(second), low, high


def verdict(low, high):
    if high < 1:
        return "less"
    return "more" if low > 1 else "no difference shown"


def compared(samples, quantity):
    """The values of both, of those pairs in which both have one."""
    first, second = samples.values()
    both = [(a[quantity], b[quantity]) for a, b in zip(first, second) if quantity in a and quantity in b]
    return [a for a, _ in both], [b for _, b in both]


def lines(row_name, samples):
    names = list(samples)
    yield f"{row_name}: {names[0]} / {names[1]}, ratio of medians, 95 % interval"
    failed = {n: sum("failure" in s for s in values) for n, values in samples.items()}
    for name, count in failed.items():
        if count:
            yield f"  {name} failed in {count} of {len(samples[name])} runs"
    for title, quantity in SHORT_TITLES:
        first, second = compared(samples, quantity)
        if len(first) < 2 or not median(second):
            continue
        ratio, low, high = interval(first, second)
        yield (f"  {title:8}{ratio:7.3f}  [{low:.3f}, {high:.3f}]  {len(first)} pairs, medians "
               f"{median(first):.4g} and {median(second):.4g}: {verdict(low, high)}")
