"""What the stories begin with."""

import shutil
from pathlib import Path

import pytest


@pytest.fixture
def home(migrated_file: Path, tmp_path: Path) -> Path:
    """The folder of a desk that finds its tables made, which takes a second: several stories, of
    the page, of each platform and of real money, begin in an empty one."""
    (tmp_path / "var").mkdir()
    shutil.copy(migrated_file, tmp_path / "var" / "parley.db")
    return tmp_path
