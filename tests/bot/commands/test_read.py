"""`python -m bot read SENTENCE`."""

import io
import json

import pytest

from bot.commands.read import Streams, run


def said(*argv: str) -> tuple[int, str, str]:
    out, err = io.StringIO(), io.StringIO()
    code = run(argv, Streams(out, err))
    return code, out.getvalue(), err.getvalue()


def test_it_prints_one_json_object() -> None:
    code, out, err = said("btc 15m long rsi<25 sl 1.5% tp 3% 5x lev")
    found = json.loads(out)
    assert (code, err) == (0, "")
    assert found["entry_long"] == "rsi(14) < 25"
    assert found["targets"] == [{"at": "3%", "share": 1.0}]
    assert found["windows"] == []
    assert "is_strategy" not in found


def test_words_need_no_quotes() -> None:
    assert json.loads(said("buy", "btc")[1])["symbols"] == ["BTC/USDT"]


def test_windows_are_printed_under_their_contract_names() -> None:
    found = json.loads(said("eth 15m long rsi<30 only during London session")[1])
    assert set(found["windows"][0]) == {"from", "to", "tz", "days"}


@pytest.mark.parametrize("argv", [(), ("",), ("   ",), ("--",)])
def test_an_empty_sentence_is_refused_with_an_example(argv: tuple[str, ...]) -> None:
    code, out, err = said(*argv)
    assert (code, out) == (2, "")
    assert "python -m bot read" in err
