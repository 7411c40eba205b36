"""The slices of all rows, as a table: for the terminal and for docs/benchmarks.md alike."""

from collections.abc import Mapping, Sequence
from statistics import median

from bench.load import Slice
from bench.rows import Row

HEADINGS = (
    "",
    "row",
    "ratio to a",
    "of slices",
    "ack/s",
    "p50 ms",
    "p99 ms",
    "p99.9 ms",
    "CPU µs",
    "RSS MB",
    "refused",
)


def line(row: Row, slices: Sequence[Slice], bare: Sequence[Slice], resident_bytes: int) -> tuple[str, ...]:
    """The ratio is the median of those of the slices that were measured one after the other."""
    ratios = sorted(each.rate / beside.rate for each, beside in zip(slices, bare, strict=True))
    return (
        row.key,
        row.title,
        f"{median(ratios):.2f}",
        f"{ratios[0]:.2f}-{ratios[-1]:.2f}",
        f"{median(each.rate for each in slices):.0f}",
        f"{median(each.p50 for each in slices):.1f}",
        f"{median(each.p99 for each in slices):.1f}",
        f"{median(each.p999 for each in slices):.1f}",
        f"{median(each.processor for each in slices):.0f}",
        f"{resident_bytes / 1e6:.0f}",
        str(sum(each.refused for each in slices)),
    )


def not_run(row: Row, why: str) -> tuple[str, ...]:
    return (row.key, row.title, f"not run: {why}", *[""] * (len(HEADINGS) - 3))


def rendered(lines: Sequence[tuple[str, ...]], headings: tuple[str, ...] = HEADINGS) -> str:
    """As Markdown, aligned so that it can be read as it stands."""
    widths = [max(len(each[column]) for each in (headings, *lines)) for column in range(len(headings))]
    rule = tuple("-" * width for width in widths)
    return "\n".join(
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(each, widths, strict=True)) + " |"
        for each in (headings, rule, *lines)
    )


def page(text: str, tables: Mapping[str, str], marks: str = "measured") -> str:
    """The page with its measured part written anew; what stands around it is written by hand."""
    before, begin, rest = text.partition(f"<!-- {marks} -->\n")
    _, end, after = rest.partition("<!-- end -->\n")
    if not begin or not end:
        raise ValueError(f"the page lacks the lines <!-- {marks} --> and <!-- end -->")
    measured = "\n".join(f"### {title}\n\n{table}\n" for title, table in tables.items())
    return f"{before}{begin}\n{measured}\n{end}{after}"
