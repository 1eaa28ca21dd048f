"""docs/rules.md: every example in it is read by the real parser, and no data point is missing."""

import re
from collections.abc import Callable

import pytest

from agents.decision.rules import (
    parse_lines,
    parse_rule,
    parse_step,
    parse_stop,
    parse_targets,
    parse_trailing,
)
from agents.decision.rules.tree import number_text
from agents.domain.errors import RuleError
from agents.extraction.catalogue import CATALOGUE
from tests.support.sources import ROOT

TEXT = (ROOT / "docs" / "rules.md").read_text("utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
READERS: dict[str, Callable[[str], object]] = {
    "rule": lambda line: parse_rule(line, "5m"),
    "stop": parse_stop,
    "target": parse_targets,
    "trailing": parse_trailing,
    "step": parse_step,
}


def examples(kind: str) -> list[str]:
    return [body for found, body in BLOCKS if found == kind]


@pytest.mark.parametrize("kind", READERS)
def test_each_line_of_an_example_is_read(kind: str) -> None:
    lines = [line for body in examples(kind) for line in body.splitlines()]
    assert len(lines) >= 4
    for line in lines:
        READERS[kind](line)


@pytest.mark.parametrize("text", examples("lines"))
def test_each_strategy_is_read_whole(text: str) -> None:
    found = parse_lines(text)
    assert found.rest == ()
    assert found.timeframe
    assert {"stop", "target"} < found.lines.keys()


@pytest.mark.parametrize("text", examples("error"))
def test_each_error_says_what_the_page_says(text: str) -> None:
    rule, message = text.splitlines()
    with pytest.raises(RuleError) as caught:
        parse_rule(rule)
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize("name", CATALOGUE)
def test_each_data_point_is_listed(name: str) -> None:
    row = CATALOGUE[name]
    numbers = ",".join(number_text(parameter.default) for parameter in row.parameters)
    stated = f"`{name}({numbers})`" if numbers else f"`{name}`"
    outputs = " ".join(f"`.{output}`" for output in row.outputs if output)
    listed = f"| {stated} | {outputs} | {row.description} |"
    assert listed in TEXT.splitlines(), f"add to docs/rules.md: {listed}"
