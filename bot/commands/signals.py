"""`python -m bot signals SENTENCE --candles PLACE`: a JSON line for each entry signal."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import TextIO

from agents.decision.signals import Signal, entry_rules, entry_signals
from agents.domain.errors import AskUser, RuleError
from agents.domain.market import Candles, Instrument, Timeframe, Universe
from agents.domain.strategy import Sides, StrategySpec
from agents.domain.symbols import DEFAULT_UNIVERSE
from agents.extraction.frame import Frame, resample
from bot.connectors.candle_files import CandleFile, candle_files, read_candles

Understand = Callable[[str, Universe], StrategySpec]
_SAID_WRONG = 2  # exit code of a command that has to be said differently
_FINEST = Decimal("1e-12")


@dataclass
class Streams:
    """Where the signals go, and where a fault is told."""

    out: TextIO
    err: TextIO


def run(
    argv: Sequence[str], understand: Understand | None = None, streams: Streams | None = None
) -> int:
    """Print the signals; 0, or 2 with a sentence on standard error when it can't be done."""
    streams = streams or Streams(sys.stdout, sys.stderr)
    asked = _arguments(argv)
    try:
        files = candle_files(Path(asked.candles))
        spec = (understand or _understand)(asked.sentence, universe_of(files))
        for signal in signals(spec, files, streams.err):
            streams.out.write(json.dumps(signal.as_json()) + "\n")
        streams.out.flush()
    except BrokenPipeError:  # whoever read the lines has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except RuleError as wrong:
        streams.err.write(f"{wrong.pointed()}\n")
        return _SAID_WRONG
    except AskUser as wrong:
        streams.err.write(f"{wrong}\n")
        return _SAID_WRONG
    return 0


def signals(spec: StrategySpec, files: Sequence[CandleFile], notes: TextIO) -> list[Signal]:
    """The signals of `spec` on the files of its symbols, in order of time.

    A symbol without a file is noted; AskUser when none has one.
    """
    if not entry_rules(spec):
        raise AskUser("That strategy has no entry rule; its notes are for a model to judge.")
    chosen = {symbol: _chosen(symbol, spec, files) for symbol in spec.symbols}
    missing = [symbol for symbol, found in chosen.items() if not found]
    if len(missing) == len(chosen):
        held = ", ".join(dict.fromkeys(file.symbol for file in files))
        raise AskUser(f"No candles of {' or '.join(missing)} there; the files hold {held}.")
    if missing:
        notes.write(f"No candles of {', '.join(missing)}; skipped.\n")
    found = [
        signal
        for paths in chosen.values()
        for candles in _read(paths)
        for signal in entry_signals(spec, _frame(candles, spec))
    ]
    order = {symbol: place for place, symbol in enumerate(spec.symbols)}
    return sorted(found, key=lambda signal: (signal.time, order[signal.symbol]))


def universe_of(files: Sequence[CandleFile]) -> Universe:
    """The markets of the files, and well-known ones so that others are at least understood."""
    own = {file.symbol: _instrument(file.symbol) for file in files}
    bases = {instrument.base for instrument in own.values()}
    others = (one for one in DEFAULT_UNIVERSE.instruments if one.base not in bases)
    return Universe((*own.values(), *others))


def _understand(sentence: str, universe: Universe) -> StrategySpec:
    """What the sentence states, with the reader's assumptions; AskUser with what is missing.

    A strategy that could not be activated as it is, for want of a stop say, still has entries.
    """
    from agents.decision.words import read

    reading = read(sentence, universe)
    if spec := reading.spec():
        return spec
    if not (reading.symbols and reading.side and reading.timeframe) or not (
        reading.entry_long or reading.entry_short
    ):
        raise AskUser("\n".join(reading.questions) or "That states no strategy with an entry.")
    return StrategySpec(
        symbols=reading.symbols,
        side=Sides(reading.side),
        timeframe=reading.timeframe,
        entry_long=reading.entry_long,
        entry_short=reading.entry_short,
        stop=reading.stop,
        targets=reading.targets,
        trailing=reading.trailing,
        windows=reading.windows,
    )


def _arguments(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m bot signals",
        description="Print a JSON line for each entry signal of a strategy on past candles.",
    )
    parser.add_argument("sentence", help="the strategy, in words or in the rule language")
    parser.add_argument("--candles", required=True, help="a Parquet file of candles, or a folder")
    return parser.parse_args(argv)


def _instrument(symbol: str) -> Instrument:
    """An instrument without steps of its own: signals are not rounded."""
    base, quote = symbol.split("/")
    return Instrument(symbol, base, quote, _FINEST, _FINEST, _FINEST, Decimal(0))


def _chosen(symbol: str, spec: StrategySpec, files: Sequence[CandleFile]) -> tuple[CandleFile, ...]:
    """The files of `symbol` whose candles are nearest to the strategy's without being longer."""
    held = [file for file in files if file.symbol == symbol]
    wanted = Timeframe.parse(spec.timeframe)
    usable = [file for file in held if wanted.seconds % file.timeframe.seconds == 0]
    if held and not usable:
        longer = min(file.timeframe for file in held)
        raise AskUser(
            f"{spec.timeframe} candles of {symbol} can't be made of {longer} ones; give a file"
            f" with {spec.timeframe} candles or shorter."
        )
    nearest = max((file.timeframe for file in usable), default=None)
    return tuple(file for file in usable if file.timeframe == nearest)


def _read(files: Sequence[CandleFile]) -> Iterator[Candles]:
    """The candles of one symbol; AskUser when two files hold the same time."""
    histories = [(file, read_candles(file.path)) for file in files]
    histories.sort(key=lambda held: held[1].opened[0])
    for (file, candles), (next_file, later) in pairwise(histories):
        if later.opened[0] <= candles.opened[-1]:
            raise AskUser(
                f"{file.path.name} and {next_file.path.name} hold {file.symbol} at the same time;"
                " name the one you mean."
            )
    yield from (candles for _, candles in histories)


def _frame(candles: Candles, spec: StrategySpec) -> Frame:
    return resample(Frame.of(candles), Timeframe.parse(spec.timeframe))
