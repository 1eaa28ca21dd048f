"""The style that can be measured. `measures.py` measures; this file sets the limits."""

import re
import statistics
from pathlib import Path

import pytest

from tests.architecture.measures import functions, patches_and_sleeps, silent_handlers
from tests.support.sources import PACKAGES, ROOT, Source, sources, tracked_files

LONGEST_FILE = 400
LONGEST_FUNCTION = 40
MEDIAN_FUNCTION = 10

# Put together from pieces, so that this file is not its own find.
MACHINE_PATHS = re.compile(r"(?<![\w.~-])/(?:" + "|".join(("ro" + "ot", "wo" + "rk")) + r")/")
INDEXES = re.compile(
    r"(?<!no-emit-)(?:extra-)?" + "index" + r"[-_]url\b"
    r"|(?<!no-emit-)find" + r"-links\b"
    r"|https?://[^\s\"']+/" + r"simple\b",
    re.IGNORECASE,
)


def written(package: str) -> list[Source]:
    """The files of a package that people write."""
    return [item for item in sources(package) if not item.module.startswith("storage.migrations")]


@pytest.mark.parametrize("package", PACKAGES)
def test_files_are_short(package: str) -> None:
    lengths = {item.module: len(item.text.splitlines()) for item in written(package)}
    assert {name: lines for name, lines in lengths.items() if lines > LONGEST_FILE} == {}


@pytest.mark.parametrize("package", PACKAGES)
def test_functions_are_short(package: str) -> None:
    found = [function for item in written(package) for function in functions(item)]
    if not found:
        pytest.skip(f"{package} has no functions yet")
    assert [function for function in found if function.lines > LONGEST_FUNCTION] == []
    assert statistics.median(function.lines for function in found) < MEDIAN_FUNCTION


@pytest.mark.parametrize("folder", [*PACKAGES, "tests"])
def test_no_exception_is_swallowed_in_silence(folder: str) -> None:
    assert [find for item in sources(folder) for find in silent_handlers(item)] == []


def test_tests_neither_patch_nor_sleep() -> None:
    assert [find for item in sources("tests") for find in patches_and_sleeps(item)] == []


@pytest.mark.parametrize("needle", [MACHINE_PATHS, INDEXES], ids=["paths", "indexes"])
def test_files_name_no_machine_and_no_index(needle: re.Pattern[str]) -> None:
    assert [find for path in tracked_files() for find in lines_with(needle, path)] == []


def lines_with(needle: re.Pattern[str], path: Path) -> list[str]:
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    return [
        f"{path.relative_to(ROOT)}:{number} {line.strip()[:80]}"
        for number, line in enumerate(lines, 1)
        if needle.search(line)
    ]


# The rest proves that the measures measure.


def of(text: str) -> Source:
    return Source("tests.sample", text)


def test_a_function_is_measured_without_its_docstring() -> None:
    text = 'def f(\n    x,\n):\n    """One.\n\n    Two.\n    """\n    y = x\n    return y\n'
    [function] = functions(of(text))
    assert function.lines == 5
    assert function.where == "tests.sample:1 f"


def test_stubs_are_not_measured() -> None:
    assert list(functions(of('def f(): ...\ndef g():\n    """Say what."""\n'))) == []


@pytest.mark.parametrize("body", ["pass", "...", "'never mind'"])
def test_a_silent_handler_is_seen(body: str) -> None:
    assert silent_handlers(of(f"try:\n    f()\nexcept ValueError:\n    {body}\n"))


def test_a_handler_that_acts_is_fine() -> None:
    assert silent_handlers(of("try:\n    f()\nexcept ValueError:\n    f = None\n")) == []


@pytest.mark.parametrize(
    "text",
    [
        "from unittest.mock import patch",
        "from unittest import mock\nmock.patch('x')",
        "import unittest.mock\nunittest.mock.patch.object(x, 'y')",
        "def test(mocker):\n    mocker.patch('x')",
        "import time\ntime.sleep(1)",
        "from time import sleep",
    ],
)
def test_patching_and_sleeping_are_seen(text: str) -> None:
    assert patches_and_sleeps(of(text))


def test_waiting_in_the_loop_and_http_patch_are_fine() -> None:
    text = "async def f(client):\n    await asyncio.sleep(0)\n    await client.patch('/x')\n"
    assert patches_and_sleeps(of(text)) == []


def test_machine_paths_are_seen() -> None:
    here = "/" + "work" + "/x"
    assert MACHINE_PATHS.search(f"open('{here}')")
    assert MACHINE_PATHS.search("data = /ro" + "ot/data")
    assert not MACHINE_PATHS.search(f"src{here}")
    assert not MACHINE_PATHS.search("/app/var and /tmp/x")


def test_indexes_are_seen() -> None:
    assert INDEXES.search("--index" + "-url=x")
    assert INDEXES.search("PIP_EXTRA_INDEX" + "_URL=x")
    assert INDEXES.search("--find" + "-links x")
    assert INDEXES.search("https://packages.invalid/" + "simple")
    assert not INDEXES.search("--no-emit-index" + "-url --no-emit-find" + "-links")
