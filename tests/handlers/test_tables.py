"""Tables that a phone shows without breaking a line."""

from hypothesis import given
from hypothesis import strategies as st

from handlers.chat import text
from handlers.paging import paged
from handlers.tables import WIDTH, clipped, labelled, table

CELL = st.text(alphabet="abc #é漢", max_size=30)


def test_numbers_stand_to_the_right() -> None:
    rows = [("Account", "Balance"), ("#1 BTC", "9,997.00")]
    assert table(rows) == "Account   Balance\n#1 BTC   9,997.00"


def test_the_first_column_gives_way() -> None:
    rows = [("a very long name of a strategy", "10,047.44", "10,047.44")]
    assert table(rows) == "a very long…  10,047.44  10,047.44"


@given(st.lists(st.tuples(CELL, st.text("0123456789.,", max_size=11)), min_size=1, max_size=5))
def test_no_line_is_too_wide(rows) -> None:
    assert all(len(line) <= WIDTH for line in table(rows).split("\n"))


def test_nothing_makes_nothing() -> None:
    assert table([]) == labelled([]) == ""
    assert clipped("ab", 2) == "ab" and clipped("abc", 2) == "a…"


def test_pages_have_the_buttons_that_lead_somewhere() -> None:
    items = [text(str(number)) for number in range(20)]
    first, middle, last = (paged("T", items, "v", number, per_page=8) for number in (0, 1, 2))
    assert [button.id for row in first.rows for button in row] == [1]
    assert [button.id for row in middle.rows for button in row] == [0, 2]
    assert [button.id for row in last.rows for button in row] == [1]
    assert "Page 2 of 3" in middle.words.plain()
    assert paged("T", items, "v", 99, per_page=8).words == last.words
    assert paged("T", items[:8], "v", per_page=8).rows == ()
