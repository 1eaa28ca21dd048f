"""Every rule prints as text that parses back to the same rule."""

from hypothesis import given
from hypothesis import strategies as st

from agents.decision.rules import parse_rule, parse_value
from agents.decision.rules.tree import Condition, Value, number_text
from tests.support.rule_trees import CONDITIONS, VALUES


@given(CONDITIONS)
def test_a_printed_rule_parses_back_to_itself(condition: Condition) -> None:
    rule = parse_rule(str(condition), "5m")
    assert rule.condition == condition
    assert str(rule) == str(condition)


@given(VALUES)
def test_a_printed_value_parses_back_to_itself(value: Value) -> None:
    assert parse_value(str(value), "5m") == value


@given(CONDITIONS, st.data())
def test_case_and_spaces_do_not_matter(condition: Condition, data: st.DataObject) -> None:
    words = str(condition).split(" ")
    spaces = st.sampled_from([" ", "  ", "\n", "\t", " \r\n "])
    loose = "".join(
        data.draw(st.sampled_from([word, word.upper(), word.title()])) + data.draw(spaces)
        for word in words
    )
    # A capital M after @ would be a month, which is refused rather than taken for a minute.
    loose = loose.replace("@15M", "@15m")
    assert parse_rule(loose, "5m").condition == condition


@given(st.floats(0, 1e15))
def test_numbers_print_without_exponent_and_read_back(value: float) -> None:
    text = number_text(value)
    assert "e" not in text.lower()
    assert float(text) == value
