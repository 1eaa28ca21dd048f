"""`python -m bot signals`: JSON lines out, sentences on standard error."""

import json
from io import StringIO
from pathlib import Path

import numpy as np
import pytest

from agents.domain.market import Timeframe, Universe
from agents.domain.strategy import StrategySpec
from agents.extraction.frame import Frame
from bot.commands.signals import Streams, run
from tests.support.parquet import write_candles
from tests.support.rule_trees import START, candles


class Command:
    """The command on candles in a folder; remembers what it printed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.out, self.err = StringIO(), StringIO()

    def run(self, place: str = "", **said: object) -> int:
        spec = {"symbols": ["BTC/USDT"], "side": "long", "timeframe": "5m", "stop": "2%"} | said
        return run(
            ["a sentence", "--candles", str(self.folder / place)],
            lambda sentence, universe: StrategySpec.model_validate(spec),
            Streams(self.out, self.err),
        )

    @property
    def rows(self) -> list[dict[str, object]]:
        return [json.loads(line) for line in self.out.getvalue().splitlines()]


@pytest.fixture
def command(tmp_path: Path) -> Command:
    write_candles(tmp_path / "x_BTCUSDT_5m.parquet", candles(1, 100))
    write_candles(tmp_path / "x_ETHUSDT_1m.parquet", minutes(100))
    return Command(tmp_path)


def minutes(count: int, start: int = START) -> Frame:
    """One-minute candles whose closes count up from 1."""
    close = np.arange(1.0, count + 1)
    opened = start + 60_000 * np.arange(count, dtype=np.int64)
    return Frame("ETH/USDT", Timeframe.parse("1m"), opened, (close,) * 4 + (np.ones(count),))


def test_each_entry_is_a_line(command: Command) -> None:
    assert command.run(entry_long="close > 0", targets=[{"at": "2R"}]) == 0
    assert len(command.rows) == 100
    first = command.rows[0]
    assert list(first) == ["time", "symbol", "side", "price", "stop", "targets"]
    assert first["time"] == "2024-01-01T00:10:00+00:00"
    price = first["price"]
    assert isinstance(price, float)
    assert (first["stop"], first["targets"]) == (
        pytest.approx(price * 0.98),
        [pytest.approx(price * 1.04)],
    )
    assert command.err.getvalue() == ""


def test_finer_candles_are_resampled_and_a_partial_end_dropped(command: Command) -> None:
    assert command.run(symbols=["ETH/USDT"], entry_long="close > 0", timeframe="15m") == 0
    assert [row["price"] for row in command.rows] == [15.0, 30.0, 45.0, 60.0, 75.0, 90.0]


def test_symbols_come_in_order_of_time(command: Command) -> None:
    both = ["ETH/USDT", "BTC/USDT"]
    assert command.run(symbols=both, entry_long="close > 0") == 0
    seen = [(row["time"], both.index(str(row["symbol"]))) for row in command.rows]
    assert seen == sorted(seen)
    assert len(seen) == 120


def test_a_symbol_without_a_file_is_named_and_the_others_are_shown(command: Command) -> None:
    assert command.run(symbols=["BTC/USDT", "SOL/USDT"], entry_long="close > 0") == 0
    assert len(command.rows) == 100
    assert command.err.getvalue() == "No candles of SOL/USDT; skipped.\n"


@pytest.mark.parametrize(
    ("place", "said", "says"),
    [
        ("nowhere", {"entry_long": "1 < 0"}, "There is no file or folder"),
        (
            "",
            {"symbols": ["SOL/USDT"], "entry_long": "1 < 0"},
            "No candles of SOL/USDT there; the files hold BTC/USDT",
        ),
        (
            "",
            {"timeframe": "1m", "entry_long": "1 < 0"},
            "1m candles of BTC/USDT can't be made of 5m ones",
        ),
        (
            "",
            {"timeframe": "8m", "entry_long": "1 < 0"},
            "8m candles of BTC/USDT can't be made of 5m ones",
        ),
        ("", {"guidance": "when it looks good"}, "has no entry rule"),
        ("", {"entry_long": "rsy < 3"}, "I know no data point called 'rsy'"),
        ("", {"entry_long": "close > 1", "stop": "3R"}, "A stop can't be in R"),
    ],
)
def test_what_can_not_be_done_is_one_sentence(
    command: Command, place: str, said: dict[str, object], says: str
) -> None:
    assert command.run(place, **said) == 2
    assert says in command.err.getvalue()
    assert command.out.getvalue() == ""


def test_two_files_of_the_same_time_must_be_told_apart(command: Command) -> None:
    write_candles(command.folder / "y_BTCUSDT_5m.parquet", candles(2, 50))
    assert command.run(entry_long="close > 0") == 2
    assert "hold BTC/USDT at the same time; name the one you mean." in command.err.getvalue()
    assert command.run("y_BTCUSDT_5m.parquet", entry_long="close > 0") == 0
    assert len(command.rows) == 50


def test_files_of_different_times_are_histories_of_their_own(command: Command) -> None:
    later = candles(2, 50, START + 7 * 86_400_000)
    write_candles(command.folder / "a_BTCUSDT_5m_later.parquet", later)
    assert command.run(entry_long="sma(20) > 0") == 0
    assert len(command.rows) == (100 - 19) + (50 - 19)
    times = [str(row["time"]) for row in command.rows]
    assert times == sorted(times)


def test_the_nearest_of_several_timeframes_is_taken(command: Command) -> None:
    write_candles(command.folder / "x_BTCUSDT_1m.parquet", minutes(10))
    assert command.run(entry_long="close > 0") == 0
    assert len(command.rows) == 100


def test_a_damaged_file_is_a_sentence(command: Command) -> None:
    (command.folder / "x_BTCUSDT_5m.parquet").write_bytes(b"PAR1 nonsense PAR1")
    assert command.run(entry_long="close > 0") == 2
    assert command.err.getvalue() == (
        "x_BTCUSDT_5m.parquet is damaged or no Parquet file; fetch it again.\n"
    )


def test_the_reader_is_told_which_markets_there_are(command: Command) -> None:
    seen: list[Universe] = []

    def understand(sentence: str, universe: Universe) -> StrategySpec:
        seen.append(universe)
        return StrategySpec.model_validate(
            {"symbols": ["BTC/USDT"], "side": "long", "timeframe": "5m", "entry_long": "1 < 0"}
        )

    streams = Streams(command.out, command.err)
    assert run(["x", "--candles", str(command.folder)], understand, streams) == 0
    assert {"BTC/USDT", "ETH/USDT", "SOL/USDT"} <= set(seen[0].by_symbol)


@pytest.mark.parametrize(
    ("sentence", "rows"),
    [
        ("BTC 5m entry long: close > 0; stop 2%", 100),
        ("BTC/USDT 5m\nentry long: close > 0\nstop: 2%\ntarget: 2R", 100),
    ],
)
def test_a_sentence_is_read(command: Command, sentence: str, rows: int) -> None:
    streams = Streams(command.out, command.err)
    code = run([sentence, "--candles", str(command.folder)], streams=streams)
    assert (code, len(command.rows)) == (0, rows), command.err.getvalue()


@pytest.mark.parametrize("sentence", ["hi", "", "buy something nice", "5" * 5000])
def test_a_sentence_without_a_strategy_asks(command: Command, sentence: str) -> None:
    streams = Streams(command.out, command.err)
    assert run([sentence, "--candles", str(command.folder)], streams=streams) == 2
    assert command.err.getvalue().strip()
    assert command.out.getvalue() == ""


def test_wrong_arguments_are_explained(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        run(["only a sentence"])
    assert stopped.value.code == 2
    assert "--candles" in capsys.readouterr().err
