"""What the domain must not do: wait, look at a clock, touch the world."""

import ast
from collections.abc import Iterator

from tests.support.sources import Source

CLOCKS = frozenset({"now", "utcnow", "today"})
CLOCK_OWNERS = frozenset({"datetime", "date", "Timestamp"})
WORLD = frozenset({"open", "print", "input", "breakpoint"})
FILES = frozenset({"read_text", "read_bytes", "write_text", "write_bytes"})


def impurities(source: Source) -> list[str]:
    """A sentence for each impure thing in a file of the domain."""
    found = sorted({*_calls(source.tree), *_waiting(source)})
    return [f"{source.module}:{line} {what}" for line, what in found]


def _calls(tree: ast.Module) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and (what := _impure_call(node.func)):
            yield node.lineno, what


def _impure_call(called: ast.expr) -> str:
    if isinstance(called, ast.Name):
        return f"calls {called.id}()" if called.id in WORLD else ""
    if not isinstance(called, ast.Attribute):
        return ""
    owner, name = _last_word(called.value), called.attr
    if (name in CLOCKS and owner in CLOCK_OWNERS) or owner == "time":
        return f"looks at the clock with {owner}.{name}()"
    return f"touches files with {name}()" if name in FILES else ""


def _last_word(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _waiting(source: Source) -> Iterator[tuple[int, str]]:
    """A port may stand beside the values that it is about; its stubs wait for nothing."""
    stubs = set(_protocol_stubs(source.tree))
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Await | ast.AsyncFor | ast.AsyncWith):
            yield node.lineno, "waits"
        elif isinstance(node, ast.AsyncFunctionDef) and node not in stubs:
            yield node.lineno, f"defines async {node.name}, which is no stub of a port"


def _protocol_stubs(tree: ast.Module) -> Iterator[ast.AsyncFunctionDef]:
    for kind in ast.walk(tree):
        if isinstance(kind, ast.ClassDef) and any(_is_protocol(base) for base in kind.bases):
            for node in kind.body:
                if isinstance(node, ast.AsyncFunctionDef) and is_stub(node):
                    yield node


def _is_protocol(base: ast.expr) -> bool:
    return _last_word(base.value if isinstance(base, ast.Subscript) else base) == "Protocol"


def is_stub(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """A docstring, `...`, or both, and nothing else."""
    return all(
        isinstance(line, ast.Expr)
        and isinstance(line.value, ast.Constant)
        and (line.value.value is ... or isinstance(line.value.value, str))
        for line in function.body
    )
