"""How figures are told."""

from typing import NamedTuple


class Row(NamedTuple):
    """A line of the table; `met` is None where there is no aim."""

    what: str
    figure: str
    aim: str
    met: bool | None


def lines(row: Row) -> str:
    verdict = {True: "met", False: "MISSED", None: ""}[row.met]
    return f"{row.what:<48} {row.figure:>10}   {row.aim:<14} {verdict}".rstrip()


def seconds(value: float) -> str:
    return f"{value:.2f} s"


def milliseconds(value: float) -> str:
    return f"{value * 1000:.1f} ms"


def ratio(value: float) -> str:
    return f"{value:.0f} ×"


def memory(value: int) -> str:
    return f"{value / 1e6:.0f} MB"
