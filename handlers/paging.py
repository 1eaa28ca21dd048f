"""Long lists in pages, turned by buttons."""

from collections.abc import Sequence

from handlers.chat import Button, Pages, Reply, Rows, Words, bold


def page_number(number: int, count: int) -> int:
    """`number` kept within `count` pages."""
    return min(max(0, number), count - 1)


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
        words += Words((*_below(number, pages.count).spans,))
    return Reply(words, (*rows, *_turners(verb, number, pages.count)), edits=turned)


def _below(number: int, count: int) -> Words:
    return bold(f"\n\nPage {number + 1} of {count}")


def _turners(verb: str, number: int, count: int) -> Rows:
    turners = []
    if number > 0:
        turners.append(Button("◀️ Back", verb, number - 1))
    if number < count - 1:
        turners.append(Button("▶️ More", verb, number + 1))
    return (tuple(turners),) if turners else ()
