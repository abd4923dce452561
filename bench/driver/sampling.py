"""Takes the samples of a row, the allocators in turn."""


def keeps_failing(samples):
    """Two runs, none of them good: a third would only take time."""
    return len(samples) >= 2 and all("failure" in s for s in samples)


def run_row(row, setting, chosen, repeat, progress):
    """{allocator: [samples]}; who comes first rotates."""
    samples = {a.name: [] for a in chosen}
    for repetition in range(repeat):
        turn = repetition % len(chosen)
        for allocator in chosen[turn:] + chosen[:turn]:
            progress.show(f"{row.name} {allocator.name}")
            if not keeps_failing(samples[allocator.name]):
                samples[allocator.name].append(row.run_once(setting, allocator))
    return samples


def run_pairs(row, setting, two, pairs, progress):
    """{allocator: [samples]}; the first comes first in every other pair.  Ends where one keeps failing."""
    samples = {a.name: [] for a in two}
    for number in range(pairs):
        for allocator in two if number % 2 == 0 else two[::-1]:
            progress.show(f"{row.name} {allocator.name}")
            samples[allocator.name].append(row.run_once(setting, allocator))
        if any(keeps_failing(values) for values in samples.values()):
            break
    return samples
