"""What is logged about trading says by its ids what it is about, in fields and not in prose."""

import ast
import re
from collections.abc import Iterator

import pytest

from tests.support.sources import Source, sources

LEVELS = frozenset({"debug", "info", "warning", "error", "exception", "critical"})
OF_A_TRADE = re.compile(r"\b(order|fill|position|proposal|decision|stop|exits?|signal)s?\b", re.I)
# Signals that nobody can name yet: what floods in from one place.
UNNAMED = frozenset({"Too many signals from one place."})


def unnamed(source: Source) -> list[str]:
    """The log calls about a trade that carry no fields, or that write an id into the sentence."""
    return [
        f"{source.module}:{call.lineno} {sentence}"
        for call, sentence in logged(source)
        if OF_A_TRADE.search(sentence) and sentence not in UNNAMED
        if not any(item.arg == "extra" for item in call.keywords) or _in_prose(call)
    ]


def logged(source: Source) -> Iterator[tuple[ast.Call, str]]:
    named = {
        node.targets[0].id: node.value.value
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Name)
        and isinstance(node.value, ast.Constant)
    }
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Call) and _logs(node.func) and node.args:
            said = node.args[0]
            text = named.get(said.id) if isinstance(said, ast.Name) else None
            yield node, str(said.value if isinstance(said, ast.Constant) else text)


def _logs(called: ast.expr) -> bool:
    if not isinstance(called, ast.Attribute) or called.attr not in LEVELS:
        return False
    return isinstance(called.value, ast.Name) and called.value.id in {"log", "_log"}


def _in_prose(call: ast.Call) -> bool:
    return any(
        isinstance(item, ast.Attribute) and item.attr in {"id", "client_id", "trade_id", "key"}
        for item in call.args[1:]
    )


@pytest.mark.parametrize("folder", ["agents", "bot/connectors"])
def test_lines_about_a_trade_carry_its_ids(folder: str) -> None:
    assert [find for item in sources(folder) for find in unnamed(item)] == []


@pytest.mark.parametrize(
    "line",
    [
        'log.info("An order waits.")',
        'log.info("The order waits: %s", intent.client_id, extra={})',
        'words = "A fill waits."\nlog.exception(words)',
    ],
)
def test_a_line_without_ids_is_seen(line: str) -> None:
    assert unnamed(Source("agents.sample", line))


@pytest.mark.parametrize(
    "line", ['log.info("An order waits.", extra=ids(intent))', 'log.info("The market is back.")']
)
def test_other_lines_are_fine(line: str) -> None:
    assert unnamed(Source("agents.sample", line)) == []
