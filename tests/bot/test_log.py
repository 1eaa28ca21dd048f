"""Logs: a sentence plus fields, and no secret in either."""

import logging

from bot.log import SentenceFormatter, about


def formatted(message: str, secrets: tuple[str, ...] = (), **extra: object) -> str:
    record = logging.makeLogRecord({"msg": message, "levelname": "INFO", "name": "x", **extra})
    return SentenceFormatter(secrets).format(record)


def test_fields_follow_the_sentence() -> None:
    assert formatted("Order sent.", order=7).endswith("info Order sent. order=7")


def test_the_decision_in_context_is_added() -> None:
    with about(decision=9):
        assert formatted("Rules passed.").endswith("Rules passed. decision=9")
    assert "decision" not in formatted("Later.")


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
