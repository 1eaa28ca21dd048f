"""One conversation for every platform: counted in the sources, not promised."""

import ast
import re
from collections import Counter
from collections.abc import Iterator

from handlers.commands import ACTS, COMMANDS, PRESSES
from tests.support.sources import Source, sources

PLATFORMS = re.compile(r"telegram|discord|browser|slack|whatsapp|slash command", re.IGNORECASE)
KNOWN = ("browser", "discord", "telegram")


def mentions(*folders: str) -> Counter[str]:
    """How often each module names a platform, comments and docstrings included."""
    found = {source.module: len(PLATFORMS.findall(source.text)) for source in sources(*folders)}
    return Counter({module: count for module, count in found.items() if count})


def test_no_handler_names_a_platform() -> None:
    assert len(list(sources("handlers"))) > 40
    assert mentions("handlers") == Counter()
    assert mentions("bot/platforms").total() > 100  # the count can count


def strings(source: Source) -> Iterator[str]:
    """Every string that is not a docstring."""
    texts = {
        id(node.body[0].value)
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in texts:
            yield node.value


def test_no_trading_code_knows_a_platform() -> None:
    named = {
        source.module: [text for text in strings(source) if PLATFORMS.search(text)]
        for source in sources("agents", "storage")
        if "migrations" not in source.module
    }
    assert {module: found for module, found in named.items() if found} == {}


def test_no_platform_knows_a_command_or_a_button() -> None:
    """What a command or a tap does is written once, in the handlers' tables."""
    commands = {f"/{row.name}" for row in COMMANDS}
    verbs = {row.verb for row in PRESSES if "_" in row.verb} | set(ACTS) | {"approve", "veto"}
    assert len(commands) > 20 and len(verbs) > 8
    known = {
        source.module: sorted((commands | verbs) & set(strings(source)))
        for source in sources("bot/platforms")
    }
    allowed = {"bot.platforms.browser": ["/start"]}  # the page begins by itself
    assert {module: found for module, found in known.items() if found} in ({}, allowed)


def test_every_platform_is_handed_the_same_router() -> None:
    assert sum(source.text.count("Router(") for source in sources("bot/app")) == 1
    for platform in KNOWN:
        folder = [one.module for one in sources("bot/platforms") if f".{platform}" in one.module]
        assert folder, platform
        assert not [one for one in sources("handlers") if platform in one.module]
