"""Logs: a sentence plus fields, and no secret in either."""

import json
import logging
import subprocess
import sys
from urllib.parse import urlencode

import pytest

from bot.log import SentenceFormatter, forms, secrets_in
from tests.support.sources import ROOT


def formatted(message: str, secrets: tuple[str, ...] = (), **extra: object) -> str:
    record = logging.makeLogRecord({"msg": message, "levelname": "INFO", "name": "x", **extra})
    return SentenceFormatter(secrets).format(record)


def test_fields_follow_the_sentence() -> None:
    assert formatted("Order sent.", order=7).endswith("info Order sent. order=7")


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("entry:proposal:7:v2", "entry:proposal:7:v2"),
        ("It is too small.", '"It is too small."'),
        ("a=b", '"a=b"'),
        ("one\ntwo", r'"one\ntwo"'),
        ("", '""'),
        ("\u2028", '"\u2028"'),
    ],
)
def test_a_value_that_is_more_than_a_word_is_quoted(value: str, written: str) -> None:
    assert formatted("Failed.", why=value, order=7).endswith(f"Failed. why={written} order=7")


def test_the_fields_of_a_fault_stand_on_the_line_of_its_sentence() -> None:
    try:
        raise ValueError("broken")
    except ValueError:
        first, *trace = formatted("Failed.", order=7, exc_info=sys.exc_info()).splitlines()
    assert first.endswith(" info Failed. order=7")
    assert trace[-1] == "ValueError: broken"


def test_what_an_exchange_says_can_not_forge_a_line() -> None:
    said = formatted("No: %s", args=("gone\n2026-01-01T00:00:00Z info Fill booked. order=7",))
    assert len(said.splitlines()) == 1


def test_a_record_is_left_as_it_was_for_others_who_read_it() -> None:
    record = logging.makeLogRecord({"msg": "x", "levelname": "ERROR"})
    SentenceFormatter().format(record)
    assert record.levelname == "ERROR"


def test_secrets_are_replaced_wherever_they_stand() -> None:
    line = formatted("Called /bot1:abc/getMe.", ("1:abc", "1:abcdef"), url="x1:abcdefx")
    assert "abc" not in line
    assert line.count("[secret]") == 2


def test_a_secret_that_becomes_known_later_is_hidden_from_then_on() -> None:
    formatter = SentenceFormatter(("short",))
    formatter.hide("short and long")
    formatter.hide("")
    record = logging.makeLogRecord({"msg": "short and long", "levelname": "INFO"})
    assert formatter.format(record).endswith("info [secret]")


# --- keys of users --------------------------------------------------------------------------------

KEY = "AbCd/efGh+0123456789=="
PASSWORD = 'Correct "horse" 1'


def hiding(*texts: str) -> SentenceFormatter:
    formatter = SentenceFormatter()
    for secret in (secret for text in texts for secret in secrets_in(text)):
        formatter.hide(secret)
    return formatter


@pytest.mark.parametrize("form", sorted(forms(KEY) | forms(PASSWORD)))
def test_every_form_of_a_key_is_hidden(form: str) -> None:
    formatter = hiding(json.dumps([KEY, "0123456789-secret", PASSWORD]))
    record = logging.makeLogRecord({"msg": f"<{form}>", "levelname": "INFO"})
    assert formatter.format(record).endswith("info <[secret]>")


def test_a_key_of_several_lines_is_hidden_in_a_sentence_and_in_a_field() -> None:
    pem = "-----BEGIN KEY-----\r\nAbCdEf0123456789\r\n-----END KEY-----"
    for told in ({"msg": f"Read {pem}."}, {"msg": "Read.", "text": pem, "all": {"it": pem}}):
        line = hiding(pem).format(logging.makeLogRecord({"levelname": "INFO", **told}))
        assert "AbCd" not in line and "[secret]" in line


def test_an_address_that_carries_a_key_is_hidden_and_so_is_a_traceback() -> None:
    formatter = hiding(json.dumps([KEY, "0123456789-secret", ""]))
    try:
        raise ValueError(f"GET https://api.example.org/?{urlencode({'apiKey': KEY})}")
    except ValueError:
        record = logging.makeLogRecord(
            {"msg": "Failed.", "levelname": "INFO", "exc_info": sys.exc_info()}
        )
    line = formatter.format(record)
    assert "Traceback" in line and "apiKey=[secret]" in line


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        ("Buy BTC when RSI(14) drops below 35", []),
        ("status", []),
        ("Positions", []),
        ("hunter22", ["hunter22"]),
        ("a-key-of-somebody", ["a-key-of-somebody"]),
        ("use abcdefghij0123 please", ["abcdefghij0123"]),
        ('["key-1234", "", "ab"]', ["key-1234"]),
        ("[not json", []),
    ],
)
def test_words_of_a_sentence_are_no_secrets(text: str, hidden: list[str]) -> None:
    assert secrets_in(text) == hidden


def said_by(program: str) -> str:
    """What a process with our logging at debug says."""
    start = f"from bot.log import *; start_logging('debug', ['tell-nobody']); {program}"
    done = subprocess.run(
        [sys.executable, "-c", start], capture_output=True, text=True, cwd=ROOT, check=False
    )
    return done.stdout + done.stderr


@pytest.mark.parametrize(
    "program",
    [
        "raise ValueError('tell-nobody')",
        "import threading; threading.Thread(target=lambda: int('tell-nobody')).start()",
        "A = type('A', (), {'__del__': lambda self: int('tell-nobody')}); A()",
        "import warnings; warnings.warn('tell-nobody', RuntimeWarning)",
        "import logging; logging.getLogger('x').error('%d', 'tell-nobody')",
    ],
    ids=["uncaught", "thread", "unraisable", "warning", "unwritable"],
)
def test_no_way_out_of_the_process_says_a_secret(program: str) -> None:
    said = said_by(program)
    assert "tell-nobody" not in said
    assert "[secret]" in said or "can't be written" in said


def test_libraries_warn_and_say_no_more() -> None:
    said = said_by(
        "import logging; [logging.getLogger(name).debug(name) for name in "
        "('httpx', 'telegram.ext', 'discord.http', 'tortoise.db_client', 'ccxt.base.exchange', "
        "'aiohttp.client', 'asyncpg', 'urllib3')]; logging.getLogger('bot.x').debug('ours'); "
        "logging.getLogger('httpx').warning('theirs')"
    )
    assert [line.split()[-1] for line in said.splitlines()] == ["ours", "theirs"]
