"""docs/datapoints.md says what the catalogue says."""

from tests.support.datapoints_page import PAGE, renewed


def test_the_page_is_up_to_date() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert renewed(page) == page, "run: python -m tests.support.datapoints_page"
