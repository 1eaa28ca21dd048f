"""No handler knows which platform it serves, and none knows who keeps its memory."""

import ast
import re

import pytest

from tests.support.sources import Source, sources

PLATFORMS = re.compile(r"telegram|discord|browser|slack|whatsapp", re.IGNORECASE)
HANDLERS = list(sources("handlers"))


@pytest.mark.parametrize("source", HANDLERS, ids=lambda source: source.module)
def test_no_handler_names_a_platform(source: Source) -> None:
    assert PLATFORMS.findall(source.text) == []


@pytest.mark.parametrize("source", HANDLERS, ids=lambda source: source.module)
def test_no_handler_asks_the_machine_for_the_time(source: Source) -> None:
    calls = [node for node in ast.walk(source.tree) if isinstance(node, ast.Attribute)]
    assert [call.attr for call in calls if call.attr in {"utcnow", "today", "monotonic"}] == []
    assert "datetime.now" not in source.text and "time.time" not in source.text
