"""Markdown that user text can't break, and parts that fit."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.platforms.discord_components import components, form
from bot.platforms.discord_markup import cut, to_markdown, units
from handlers.chat import Button, Span, Style, Words, bold, code, italic, pre, text
from tests.support.discord_checks import check_components, check_form
from tests.support.discord_markdown import read_markdown

letters = st.text(alphabet="ab *_~`|<>[]()#-+.1@:/\\\n\U0001f600\u0301", max_size=40)
words = st.lists(st.builds(Span, letters, st.sampled_from(Style)), max_size=6).map(
    lambda spans: Words(tuple(spans))
)


@pytest.mark.parametrize(
    ("said", "marked"),
    [
        (text("a*b_c~d`e|f"), "a\\*b\\_c\\~d\\`e\\|f"),
        (text("<@42> <#7> @everyone"), "\\<@42> \\<#7> @everyone"),
        (text("[x](y)"), "\\[x\\](y)"),
        (text("# big\n> quote\n- item\n1. one"), "\\# big\n\\> quote\n\\- item\n1\\. one"),
        (text("at 61,000.5 - fine"), "at 61,000.5 - fine"),
        (text("see https://x.y/a_b*c now"), "see <https://x.y/a_b*c> now"),
        (text("(https://x.y/z)."), "(<https://x.y/z>)."),
        (bold(" wide "), " **wide** "),
        (bold("a") + bold("b"), "**ab**"),
        (bold("a") + italic("b"), "**a**\u200b*b*"),
        (code("rsi(14) < 30"), "`rsi(14) < 30`"),
        (code("a`b"), "`` a`b ``"),
        (pre("x  y\n1  2"), "```\nx  y\n1  2\n```"),
        (bold("  "), "  "),
    ],
)
def test_marks(said: Words, marked: str) -> None:
    assert to_markdown(said) == marked


def test_a_block_can_not_be_left() -> None:
    marked = to_markdown(pre("``` **out**"))
    assert marked.count("```") == 2


@given(letters)
def test_plain_text_is_read_as_it_was_written(said: str) -> None:
    shown = "".join(part for _, part in read_markdown(to_markdown(text(said))))
    assert shown == said


@given(words, st.integers(min_value=20, max_value=120))
def test_parts_fit_and_lose_nothing(said: Words, limit: int) -> None:
    parts = cut(said, limit)
    assert all(units(to_markdown(part)) <= limit for part in parts)
    joined = "".join(part.plain() for part in parts)
    assert "".join(joined.split()) == "".join(said.plain().split())


def test_cuts_at_line_breaks() -> None:
    parts = cut(text("\n".join(["one two three"] * 20)), 100)
    assert all(part.plain().endswith("three") for part in parts)


buttons = st.builds(
    Button,
    st.text(min_size=1, max_size=120).filter(str.strip),
    st.sampled_from(["approve", "pick", "strategy", "details"]),
    st.integers(0, 40),
)


@given(st.lists(st.lists(buttons, max_size=9).map(tuple), max_size=9).map(tuple))
def test_every_set_of_buttons_is_taken(rows: tuple[tuple[Button, ...], ...]) -> None:
    made = components(rows)
    check_components(made)
    shown = {
        option.get("value") or option.get("custom_id")
        for row in made
        for control in row["components"]
        for option in control.get("options", [control])
    }
    assert shown == {button.data for row in rows for button in row}


@given(st.text(min_size=1, max_size=300).filter(str.strip))
def test_every_question_is_taken(question: str) -> None:
    check_form(form("edit:7:1", question))
