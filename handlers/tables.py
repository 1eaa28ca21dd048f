"""Tables in a fixed-width font that a phone shows without breaking a line."""

from collections.abc import Sequence

WIDTH = 34


def table(rows: Sequence[Sequence[str]], gap: int = 2, width: int = WIDTH) -> str:
    """Columns side by side: the first to the left, the others to the right.

    What is too wide is taken from the first column, marked by an ellipsis.
    """
    if not rows:
        return ""
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    rest = sum(widths[1:]) + gap * (len(widths) - 1)
    widths[0] = max(4, min(widths[0], width - rest))
    return "\n".join(_line(row, widths, " " * gap) for row in rows)


def _line(row: Sequence[str], widths: Sequence[int], gap: str) -> str:
    first = clipped(row[0], widths[0]).ljust(widths[0])
    others = (cell.rjust(size) for cell, size in zip(row[1:], widths[1:], strict=True))
    return gap.join([first, *others]).rstrip()


def labelled(rows: Sequence[tuple[str, str]]) -> str:
    """Two columns, both to the left: a name and what is said of it."""
    size = max((len(name) for name, _ in rows), default=0)
    return "\n".join(f"{name.ljust(size)}  {value}".rstrip() for name, value in rows)


def clipped(text: str, size: int) -> str:
    """`text` in at most `size` characters."""
    return text if len(text) <= size else text[: max(1, size - 1)] + "…"
