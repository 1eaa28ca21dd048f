"""Long lists in pages, turned by buttons."""

from collections.abc import Iterable, Sequence

from handlers.chat import Button, Pages, Reply, Rows, Words, bold, lines

PAGE = 1_600  # characters, so that a page fits a message of any platform


def page_number(number: int, count: int) -> int:
    """`number` kept within `count` pages."""
    return min(max(0, number), count - 1)


def packed(items: Sequence[Words], most: int = PAGE) -> list[Words]:
    """Items joined, each on lines of its own, as long as they are `most` characters at most."""
    pages: list[Words] = []
    for item in items:
        if pages and len(pages[-1].plain()) + len(item.plain()) < most:
            pages[-1] = lines(pages[-1], item)
        else:
            pages.append(item)
    return pages


def rows_of(buttons: Iterable[Button], in_a_row: int = 2) -> Rows:
    """Buttons cut into rows."""
    every = tuple(buttons)
    return tuple(every[start : start + in_a_row] for start in range(0, len(every), in_a_row))


def paged(
    title: str,
    items: Sequence[Words],
    verb: str,
    number: int = 0,
    *,
    per_page: int = 8,
    rows: Rows = (),
    turned: bool = False,
) -> Reply:
    """Page `number` (from 0) with buttons to its neighbours below `rows`.

    The buttons carry the page's number under `verb`. `turned` replaces the tapped message.
    """
    pages = Pages(bold(title), items, per_page)
    number = page_number(number, pages.count)
    words = pages.page(number)
    if pages.count > 1:
        words += bold(f"\n\nPage {number + 1} of {pages.count}")
    return Reply(words, (*rows, *_turners(verb, number, pages.count)), edits=turned)


def _turners(verb: str, number: int, count: int) -> Rows:
    turners = []
    if number > 0:
        turners.append(Button("◀️ Back", verb, number - 1))
    if number < count - 1:
        turners.append(Button("▶️ More", verb, number + 1))
    return (tuple(turners),) if turners else ()
