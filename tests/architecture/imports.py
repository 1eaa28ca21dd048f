"""The house's rules about imports, as tables, and the checker that reads them.

A room is a module or package with its own rules; a module belongs to the longest room that its
name begins with. Imports inside functions and under TYPE_CHECKING count like any other.
"""

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass

from tests.support.sources import PACKAGES, Source

# Rooms, from the top down, and the rooms that each may import besides itself.
ROOMS: dict[str, frozenset[str]] = {
    "bot.__main__": frozenset(
        {"bot.app", "bot.commands", "bot.settings", "bot.log", "agents.domain"}
    ),
    "bot.app": frozenset(
        {"bot", "bot.platforms", "bot.connectors", "bot.settings", "bot.log"}
        | {"handlers", "storage", "agents", "agents.domain"}
    ),
    # what runs once and ends: it may read with a connector, and needs no parts list
    "bot.commands": frozenset(
        {"bot.connectors", "bot.settings", "bot.log", "agents", "agents.domain"}
    ),
    "bot.platforms": frozenset({"bot.settings", "bot.log", "handlers", "agents", "agents.domain"}),
    "bot.connectors": frozenset({"bot.settings", "bot.log", "agents", "agents.domain"}),
    # web, scheduler, outbox and other single files of the machine
    "bot": frozenset({"bot.settings", "bot.log", "handlers", "agents", "agents.domain"}),
    "bot.settings": frozenset({"bot.settings_reading", "bot.log", "agents.domain"}),
    "bot.settings_reading": frozenset(),
    "bot.log": frozenset({"agents.domain"}),
    "handlers": frozenset({"agents", "agents.domain"}),
    "storage": frozenset({"agents", "agents.domain"}),
    "agents": frozenset({"agents.domain"}),
    "agents.domain": frozenset(),
}

# In these rooms every file is a stranger to every other; a platform may be several files that
# share its first word: telegram.py, telegram_markup.py.
STRANGERS = ("bot", "bot.platforms")

# Within agents, what must not look up at what.
BLIND: dict[str, tuple[str, ...]] = {
    "agents.extraction": ("agents.decision", "agents.execution", "agents.reporting"),
}

# Where each vendor library lives: `x.*` is x and everything in it, `x*` whatever begins so.
VENDORS: dict[str, tuple[str, ...]] = {
    "telegram": ("bot.platforms.telegram*",),
    "discord": ("bot.platforms.discord*",),
    "aiohttp": ("bot.*",),
    "ccxt": ("bot.connectors.*",),
    "cryptography": ("bot.connectors.vault",),
    "anthropic": ("bot.connectors.claude*",),
    "prometheus_client": ("bot.*",),
    "apscheduler": ("bot.scheduler",),
    "tortoise": ("storage.*",),
    "pypika_tortoise": ("storage.*",),
    "aiosqlite": ("storage.*",),
    "asyncpg": ("storage.*",),
    "talib": ("agents.extraction.*",),
    "pandas_ta_classic": ("agents.extraction.*",),
    "pandas_ta": ("agents.extraction.*",),
    "matplotlib": ("agents.reporting.*",),
}

# Parts of the standard library that wait, remember or reach outside: not for the domain.
# fmt: off
IMPURE = {
    "asyncio", "concurrent", "glob", "http", "io", "logging", "mmap", "multiprocessing", "os",
    "pathlib", "queue", "sched", "select", "selectors", "shelve", "shutil", "signal", "smtplib",
    "socket", "socketserver", "sqlite3", "ssl", "subprocess", "tempfile", "threading", "time",
    "urllib",
}
# fmt: on


@dataclass(frozen=True, order=True)
class Import:
    """`name` includes what is imported from a module, since that may be a module itself."""

    line: int
    name: str


def imports(source: Source) -> Iterator[Import]:
    for node in ast.walk(source.tree):
        for name in _names(node, source):
            yield Import(node.lineno, name)  # type: ignore[attr-defined]


def _names(node: ast.AST, source: Source) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        base = _base(node, source)
        return [base if alias.name == "*" else f"{base}.{alias.name}" for alias in node.names]
    if isinstance(node, ast.Call):
        return _dynamic(node)
    return []


def _base(node: ast.ImportFrom, source: Source) -> str:
    if not node.level:
        return node.module or ""
    parents = source.package.split(".")
    above = parents[: len(parents) - node.level + 1]
    return ".".join([*above, node.module] if node.module else above)


def _dynamic(node: ast.Call) -> list[str]:
    """The name in __import__("x") and import_module("x")."""
    called = node.func.attr if isinstance(node.func, ast.Attribute) else ""
    if isinstance(node.func, ast.Name):
        called = node.func.id
    if called not in ("__import__", "import_module") or not node.args:
        return []
    name = node.args[0]
    return [name.value] if isinstance(name, ast.Constant) and isinstance(name.value, str) else []


def inside(name: str, room: str) -> bool:
    return name == room or name.startswith(f"{room}.")


def room_of(name: str) -> str:
    """The longest room that a dotted name is in; empty for what is not ours."""
    return max((room for room in ROOMS if inside(name, room)), key=len, default="")


def violations(source: Source) -> list[str]:
    """A sentence for each import that the house forbids."""
    found = sorted(set(imports(source)))
    return [
        f"{source.module}:{item.line} imports {item.name}: {reason}"
        for item in found
        if (reason := _why_not(source.module, item.name))
    ]


def _why_not(module: str, name: str) -> str:
    top = name.partition(".")[0]
    if top in PACKAGES:
        return _upward(module, name) or _blind(module, name)
    if room_of(module) == "agents.domain":
        return _impure(top)
    return _misplaced(module, top)


def _upward(module: str, name: str) -> str:
    here, there = room_of(module), room_of(name)
    if here == there:
        return "" if _acquainted(here, module, name) else "neighbours here are strangers"
    if there in ROOMS[here] or here.startswith(f"{name}."):
        return ""
    return f"{here} may see only {', '.join(sorted(ROOMS[here])) or 'itself'}"


def _acquainted(room: str, module: str, name: str) -> bool:
    if room not in STRANGERS:
        return True
    one, other = _family(room, module), _family(room, name)
    return one == other or not other


def _family(room: str, name: str) -> str:
    return name.removeprefix(room).removeprefix(".").partition(".")[0].partition("_")[0]


def _blind(module: str, name: str) -> str:
    for room, hidden in BLIND.items():
        if inside(module, room) and any(inside(name, other) for other in hidden):
            return f"{room} comes before it and can't look up"
    return ""


def _impure(top: str) -> str:
    if top in IMPURE:
        return "the domain does no I/O and does not wait"
    pure = top in sys.stdlib_module_names or top == "pydantic"
    return "" if pure else "the domain has only the standard library and pydantic"


def _misplaced(module: str, top: str) -> str:
    homes = VENDORS.get(top)
    if homes is None or any(_matches(module, home) for home in homes):
        return ""
    return f"{top} lives only in {', '.join(homes)}"


def _matches(module: str, pattern: str) -> bool:
    if pattern.endswith(".*"):
        return inside(module, pattern[:-2])
    if pattern.endswith("*"):
        return module.startswith(pattern[:-1])
    return module == pattern
