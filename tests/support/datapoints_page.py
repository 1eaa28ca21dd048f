"""The generated part of docs/datapoints.md: `python -m tests.support.datapoints_page` renews it."""

from collections.abc import Iterator

from agents.extraction import longtail
from agents.extraction.catalogue import CATALOGUE
from agents.extraction.datapoint import DataPoint, Parameter
from tests.support.sources import ROOT

PAGE = ROOT / "docs" / "datapoints.md"
BEGIN, END = "<!-- generated: catalogue -->\n", "<!-- generated: end -->\n"


def tables() -> str:
    """Every row of the catalogue by family, and the names of the long tail."""
    return "\n".join([*_families(), *_long_tail()]) + "\n"


def renewed(page: str) -> str:
    """`page` with its generated part as it should be."""
    before, rest = page.split(BEGIN)
    return before + BEGIN + tables() + rest[rest.index(END) :]


def _families() -> Iterator[str]:
    for family in dict.fromkeys(row.category for row in CATALOGUE.values()):
        yield f"\n### {family.value.capitalize()}\n"
        yield "| data point | parameters (range) | look-back | settles in | meaning |"
        yield "| --- | --- | ---: | ---: | --- |"
        yield from (_line(row) for row in CATALOGUE.values() if row.category is family)


def _line(row: DataPoint) -> str:
    defaults = row.fill(())
    name = row.name + (f"({', '.join(f'{value:g}' for value in defaults)})" if defaults else "")
    outputs = " ".join(f".{output}" for output in row.outputs if output)
    ranges = ", ".join(_range(parameter) for parameter in row.parameters)
    lookback, settle = f"{row.lookback(defaults):,}", f"{row.settle(defaults) or ''}"
    if row.calendar:
        days = row.calendar // 86_400
        lookback, settle = f"{days} day{'s' * (days > 1)}", ""
    if row.cumulative:
        settle = "changes only"
    said = f"`{name}`" + (f" `{outputs}`" if outputs else "")
    return f"| {said} | {ranges} | {lookback} | {settle} | {row.description} |"


def _range(parameter: Parameter) -> str:
    return f"{parameter.name} {parameter.low:g}–{parameter.high:g}"


def _long_tail() -> Iterator[str]:
    rows = [longtail.lookup(name) for name in longtail.names()]
    yield f"\n### pandas-ta ({len(rows)} more)\n"
    yield ", ".join(_said(row) for row in rows if row) + "."
    yield "\nNot on offer:\n"
    yield from (f"* `{name}`: {why}." for name, why in longtail.REFUSED.items())


def _said(row: DataPoint) -> str:
    defaults = row.fill(())
    name = row.name + (f"({', '.join(f'{value:g}' for value in defaults)})" if defaults else "")
    return f"`{name}`" + (f" `{' '.join(f'.{one}' for one in row.outputs)}`" if row.outputs else "")


if __name__ == "__main__":
    PAGE.write_text(renewed(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
