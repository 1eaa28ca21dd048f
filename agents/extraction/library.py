"""TA-Lib, imported without pandas.

TA-Lib's package imports pandas (80 MB, 0.3 s) only to accept its series; it is given arrays here.
"""

import sys
from types import ModuleType
from typing import Any


def _without_pandas() -> ModuleType:
    if "talib" in sys.modules or "pandas" in sys.modules:
        import talib

        return talib
    blocked: dict[str, ModuleType | None] = dict.fromkeys(("pandas", "polars"))
    sys.modules.update(blocked)  # type: ignore[arg-type]
    try:
        import talib
    finally:
        for name in blocked:
            del sys.modules[name]
    return talib


_without_pandas()

import talib  # noqa: E402

EXPONENTIAL: Any = 1  # TA-Lib's numbers of moving averages, which its stubs take for an Enum
SIMPLE: Any = 0

__all__ = ["EXPONENTIAL", "SIMPLE", "talib"]
