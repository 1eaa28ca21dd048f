"""placeholder"""

from agents.extraction.datapoint import DataPoint

REFUSED: dict[str, str] = {}


def names() -> tuple[str, ...]:
    return ()


def lookup(name: str) -> DataPoint | None:
    return None
