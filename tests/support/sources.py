"""The project's own source files, as the architecture tests read them."""

import ast
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("bot", "handlers", "storage", "agents")


@dataclass(frozen=True)
class Source:
    """One Python file: its dotted module name and its text."""

    module: str
    text: str
    is_package: bool = False

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text, filename=self.module)

    @property
    def package(self) -> str:
        """What relative imports start from."""
        return self.module if self.is_package else self.module.rpartition(".")[0]


def read_source(path: Path) -> Source:
    parts = path.relative_to(ROOT).with_suffix("").parts
    is_package = parts[-1] == "__init__"
    name = ".".join(parts[:-1] if is_package else parts)
    return Source(name, path.read_text(encoding="utf-8"), is_package)


def sources(*folders: str) -> Iterator[Source]:
    """Every Python file below the folders, in a stable order."""
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*.py")):
            yield read_source(path)


def tracked_files() -> list[Path]:
    """Every file that git knows of; every file there is where the checkout has no git."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if listed.returncode:
        return [path for folder in (*PACKAGES, "tests") for path in (ROOT / folder).rglob("*.*")]
    named = (ROOT / name for name in listed.stdout.split("\0") if name)
    return [path for path in named if path.is_file()]
