"""Numbers for people."""


def size(count):
    """Bytes with a unit: 512 B, 1.5 KiB, 3.0 MiB."""
    value = float(count)
    for unit in ("B", "KiB", "MiB"):
        if abs(value) < 1024:
            return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1024
    return f"{value:.1f} GiB"


def number(count):
    return f"{count:,}"


def plural(count, noun):
    """3 pools, 1 pool."""
    return f"{count:,} {noun}" + ("" if count == 1 else "s")


def percent(part, whole):
    return f"{100 * part / whole:.0f} %" if whole else "-"


def table(rows, left=(0,)):
    """Lines of columns, numbers to the right; `left` are the columns of words."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return ["  ".join(cell.ljust(width) if i in left else cell.rjust(width)
                      for i, (cell, width) in enumerate(zip(row, widths))).rstrip() for row in rows]
