"""Style that can be counted: lengths of files and functions, silent handlers, faked time."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from tests.architecture.purity import is_stub
from tests.support.sources import Source


@dataclass(frozen=True)
class Function:
    where: str
    lines: int
    """From `def` to the end without the docstring, which is never too long."""


def functions(source: Source) -> Iterator[Function]:
    """Every function with a body; stubs of ports do not make the median look better."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not is_stub(node):
            yield Function(f"{source.module}:{node.lineno} {node.name}", _length(node))


def _length(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    end = node.end_lineno or node.lineno
    return end - node.lineno + 1 - _docstring_lines(node)


def _docstring_lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    if ast.get_docstring(node, clean=False) is None:
        return 0
    first = node.body[0]
    return (first.end_lineno or first.lineno) - first.lineno + 1


def silent_handlers(source: Source) -> list[str]:
    """Exception handlers that do nothing."""
    return [
        f"{source.module}:{node.lineno}"
        for node in ast.walk(source.tree)
        if isinstance(node, ast.ExceptHandler) and all(_is_nothing(line) for line in node.body)
    ]


def _is_nothing(line: ast.stmt) -> bool:
    return isinstance(line, ast.Pass) or (
        isinstance(line, ast.Expr) and isinstance(line.value, ast.Constant)
    )


def patches_and_sleeps(source: Source) -> list[str]:
    """Names replaced and time slept away: ports are handed in, and tests wait for facts."""
    return [
        f"{source.module}:{node.lineno} {what}"  # type: ignore[attr-defined]
        for node in ast.walk(source.tree)
        if (what := _patch(node) or _sleep(node))
    ]


def _patch(node: ast.AST) -> str:
    if isinstance(node, ast.ImportFrom) and node.module in ("mock", "unittest.mock"):
        return "imports patch" if any(name.name == "patch" for name in node.names) else ""
    if isinstance(node, ast.Attribute) and node.attr == "patch":
        owner = ast.unparse(node.value).rpartition(".")[2]
        return f"uses {owner}.patch" if owner in ("mock", "mocker") else ""
    return ""


def _sleep(node: ast.AST) -> str:
    if isinstance(node, ast.ImportFrom) and node.module == "time":
        return "imports sleep" if any(name.name == "sleep" for name in node.names) else ""
    if isinstance(node, ast.Call) and ast.unparse(node.func) == "time.sleep":
        return "sleeps"
    return ""
