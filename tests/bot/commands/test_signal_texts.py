"""The report on signal texts, and the numbers that it must show for the shared ones."""

import io
import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from bot.commands.signal_texts import Report, Streams, lines, report, rows_of, run

GOOD = {
    "id": "a1",
    "text": "BTC/USDT LONG\nEntry: 60000\nTP: 61000\nSL: 59000",
    "channel": "one",
    "kind_guess": "signal",
    "expected_upstream": {
        "coin": "BTCUSDT", "direction": "LONG", "entry": [60000], "targets": [61000],
        "stopLoss": 59000, "type": "order", "exchange": "", "leverage": None,
    },
}  # fmt: skip


def of(*rows: Mapping[str, object]) -> Report:
    return report([{"id": "x", "channel": "c", "text": "", **row} for row in rows])


@pytest.fixture
def shared(shared_data: Path) -> Report:
    return report(rows_of(shared_data / "text" / "telegram_signals.jsonl"))


def test_labelled_fields_of_the_shared_texts_are_right(shared: Report) -> None:
    assert len(shared.scores) >= 170
    assert shared.percent >= 95
    assert shared.silent == ()
    assert sum(shared.texts.values()) == 117


def test_none_of_the_shared_texts_is_wrongly_taken_for_a_signal(shared: Report) -> None:
    assert shared.others == 14
    assert shared.taken == ()


def test_a_wrong_field_is_counted_and_shown() -> None:
    found = of({**GOOD, "expected_upstream": {"direction": "SHORT", "stopLoss": 58000}})
    assert found.right == 1  # the kind
    assert [score.field for score in found.silent] == ["side", "stop"]
    assert any("WRONG IN SILENCE" in line for line in lines(found))


def test_a_wrong_field_that_a_fault_names_is_not_silent() -> None:
    row = {
        "text": "BTC LONG 60000 SL 5-10% TP 61000",
        "expected_upstream": {"stopLoss": "5%", "coin": "BTC"},
    }
    found = of(row)
    assert [score.field for score in found.scores if not score.right] == ["stop"]
    assert found.silent == ()


def test_a_fault_about_something_else_does_not_excuse() -> None:
    found = of({"text": "XAUUSD BUY 4000 SL 3990 TP 4010", "expected_upstream": {"sl": 3980}})
    assert [score.field for score in found.silent] == ["stop"]


def test_what_is_labelled_as_no_signal_must_not_be_taken() -> None:
    refused = {"asserts": ["parsed is None"]}
    found = of({**GOOD, "expected_upstream": refused})
    assert found.others == 1
    assert found.taken == ("a1",)
    assert any("TAKEN FOR A SIGNAL" in line for line in lines(found))


def test_the_command_prints_the_report_and_the_readings(tmp_path: Path) -> None:
    file = tmp_path / "texts.jsonl"
    file.write_text(json.dumps(GOOD) + "\n\n" + json.dumps({"title": "gm"}) + "\n", "utf-8")
    out, err = io.StringIO(), io.StringIO()
    assert run([str(file)], Streams(out, err)) == 0
    assert "100.0 % of the labelled fields are right." in out.getvalue()
    out = io.StringIO()
    assert run([str(file), "--readings"], Streams(out, err)) == 0
    first, second = (json.loads(line) for line in out.getvalue().splitlines())
    assert (first["id"], first["symbol"], first["stop"]) == ("a1", "BTC/USDT", "59000")
    assert (second["id"], second["kind"]) == ("texts:2", "nothing")


@pytest.mark.parametrize("content", ["{", "[1]\n", None])
def test_a_file_that_is_none_is_told(tmp_path: Path, content: str | None) -> None:
    file = tmp_path / "broken.jsonl"
    if content is not None:
        file.write_text(content)
    out, err = io.StringIO(), io.StringIO()
    assert run([str(file)], Streams(out, err)) == 2
    assert "broken.jsonl" in err.getvalue()
    assert "Traceback" not in err.getvalue()
