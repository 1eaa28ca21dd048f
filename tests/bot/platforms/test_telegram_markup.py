"""Texts that can't break their markup, and messages that fit."""

from hypothesis import given
from hypothesis import strategies as st

from bot.platforms.telegram_markup import cut, to_html, units
from handlers.chat import Span, Style, Words, bold, code, italic, pre, text
from tests.support.telegram_html import read_html

ANY_TEXT = st.text(alphabet=st.characters(codec="utf-8"), max_size=80)
SPANS = st.lists(st.builds(Span, ANY_TEXT, st.sampled_from(list(Style))), max_size=12)
WORDS = SPANS.map(lambda spans: Words(tuple(spans)))


def test_each_style_has_its_tag() -> None:
    words = text("a") + bold("b") + italic("c") + code("d") + pre("e\nf")
    assert to_html(words) == "a<b>b</b><i>c</i><code>d</code><pre>e\nf</pre>"


def test_names_can_not_open_a_tag() -> None:
    assert to_html(bold("<b>Ann & Bob</b>")) == "<b>&lt;b&gt;Ann &amp; Bob&lt;/b&gt;</b>"


def test_a_half_character_is_replaced() -> None:
    assert to_html(text("up \ud83d!")) == "up ?!"


@given(WORDS)
def test_markup_reads_back_as_the_same_text(words: Words) -> None:
    plain, _ = read_html(to_html(words))
    assert plain == words.plain()


def test_an_emoji_is_two_units() -> None:
    assert units("a🚀é") == 4


@given(WORDS, st.integers(5, 60))
def test_every_part_fits_and_nothing_but_blanks_is_lost(words: Words, limit: int) -> None:
    parts = cut(words, limit)
    assert all(units(part.plain()) <= limit for part in parts)
    assert "".join("".join(part.plain().split()) for part in parts) == "".join(
        words.plain().split()
    )


@given(WORDS, st.integers(5, 60))
def test_every_part_closes_its_tags(words: Words, limit: int) -> None:
    for part in cut(words, limit):
        assert read_html(to_html(part))[0] == part.plain()


def test_cut_at_line_breaks_before_spaces_before_characters() -> None:
    assert _plain(cut(text("aaaa bb\ncccc dd"), 9)) == ["aaaa bb", "cccc dd"]
    assert _plain(cut(text("aaaa bbbb cccc"), 10)) == ["aaaa bbbb", "cccc"]
    assert _plain(cut(text("aaaabbbbcccc"), 5)) == ["aaaab", "bbbcc", "cc"]


def test_styles_go_on_in_the_next_part() -> None:
    parts = cut(text("x ") + pre("one\ntwo\nthree"), 9)
    assert [to_html(part) for part in parts] == ["x <pre>one\ntwo</pre>", "<pre>three</pre>"]


def test_an_emoji_of_several_pieces_stays_whole() -> None:
    family = "👩\u200d👩\u200d👧"
    assert _plain(cut(text("aaaaaaaaaaaa" + family), 14)) == ["aaaaaaaaaaaa", family]


def test_nothing_to_say_makes_no_message() -> None:
    assert cut(text(" \n ")) == []


def _plain(parts: list[Words]) -> list[str]:
    return [part.plain() for part in parts]
