"""Takes the samples of rows: repetitions interleaved over the allocators."""


def failed_twice(samples):
    return len(samples) >= 2 and all("failure" in s for s in samples)


def run_row(row, setting, chosen, repeat, timeout_s, progress):
    """{allocator: [samples]}; an allocator that failed twice in a row is not asked again."""
    samples = {a.name: [] for a in chosen}
    for repetition in range(repeat):
        turn = repetition % len(chosen)
        for allocator in chosen[turn:] + chosen[:turn]:
            progress.show(f"{row.name} {allocator.name}")
            if not failed_twice(samples[allocator.name]):
                samples[allocator.name].append(row.run_once(setting, allocator, timeout_s))
    return samples


def run_pairs(row, setting, two, pairs, timeout_s, progress):
    """{allocator: [samples]}, the two of a pair one after the other, first one first, then the other."""
    samples = {a.name: [] for a in two}
    for number in range(pairs):
        for allocator in two if number % 2 == 0 else two[::-1]:
            progress.show(f"{row.name} {allocator.name}")
            samples[allocator.name].append(row.run_once(setting, allocator, timeout_s))
    return samples
