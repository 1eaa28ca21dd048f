"""Rules of a desk as people write them, and what votes come to."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as some

from agents.domain.desks import Ballot, Member, Right, Role, Rule, Vote, tally, voters
from agents.domain.errors import AskUser

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("said", "rule"),
    [
        ("2 of 4", Rule(2, 1)),
        ("2 of 4 approve, any 1 veto", Rule(2, 1)),
        ("2 of 4 approve, any 2 vetoes", Rule(2, 2)),
        ("any 2", Rule(2, 1)),
        ("  Any   TWO  of 3.", Rule(2, 1)),
        ("3/5", Rule(3, 1)),
        ("2 of 3 must approve and one veto", Rule(2, 1)),
        ("2 approvals, 2 veto", Rule(2, 2)),
        ("1", Rule(1, 1)),
        ("all", Rule(4, 1)),
    ],
)
def test_rules_are_read(said: str, rule: Rule) -> None:
    assert Rule.parse(said, voters=4) == rule


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ("", "can't read"),
        ("most of us", "can't read"),
        ("2 of 4 of 5", "can't read"),
        ("-1 of 4", "can't read"),
        ("0 of 4", "At least one"),
        ("2 of 4, 0 veto", "At least one"),
        ("5 of 4", "5 of 4 can never be reached"),
        ("1 of 2, 3 vetoes", "3 of 2 can never be reached"),
        ("51", "can never be reached"),
        ("2 of 60", "up to 50"),
    ],
)
def test_what_is_no_rule_says_why(said: str, why: str) -> None:
    with pytest.raises(AskUser, match=why):
        Rule.parse(said, voters=4)


@given(some.integers(1, 50), some.integers(1, 50))
def test_a_rule_is_read_as_it_is_written(approvals: int, vetoes: int) -> None:
    rule = Rule(approvals, vetoes)
    assert Rule.parse(rule.words(max(approvals, vetoes)), voters=1) == rule


def test_roles_may_what_they_may() -> None:
    assert {role: {right for right in Right if role.may(right)} for role in Role} == {
        Role.OWNER: {Right.LOOK, Right.VOTE, Right.TRADE, Right.LEAD},
        Role.TRADER: {Right.LOOK, Right.VOTE, Right.TRADE},
        Role.APPROVER: {Right.LOOK, Right.VOTE},
        Role.VIEWER: {Right.LOOK},
    }


def members(*roles: Role) -> list[Member]:
    """Users 1, 2, 3 ... in these roles."""
    return [Member(1, number, role, NOON) for number, role in enumerate(roles, 1)]


def vote(user: int, ballot: Ballot, second: int) -> Vote:
    return Vote(7, 1, user, ballot, NOON + timedelta(seconds=second))


A, V = Ballot.APPROVE, Ballot.VETO


def test_votes_are_counted_in_their_order() -> None:
    people = members(Role.OWNER, Role.APPROVER, Role.VIEWER)
    votes = [vote(2, A, 1), vote(3, A, 2), vote(1, A, 3), vote(9, A, 4)]
    counted = tally(votes, people, Rule(2, 1))
    assert counted.approving == (2, 1)
    assert counted.outcome is A
    assert [one.user_id for one in voters(people)] == [1, 2]


def test_a_veto_goes_before_an_approval() -> None:
    people = members(Role.OWNER, Role.TRADER, Role.APPROVER)
    votes = [vote(1, A, 1), vote(2, A, 2), vote(3, V, 3)]
    assert tally(votes, people, Rule(2, 1)).outcome is V
    assert tally(votes, people, Rule(2, 2)).outcome is A
    assert tally(votes, people, Rule(3, 2)).approvals_missing == 1
    assert tally(votes, people, Rule(3, 2)).vetoes_missing == 1


_VOTES = some.lists(
    some.builds(vote, some.integers(1, 6), some.sampled_from(Ballot), some.integers(0, 20)),
    max_size=20,
)


@given(_VOTES, some.lists(some.sampled_from(Role), max_size=5), some.integers(1, 4))
def test_nobody_counts_twice_and_nobody_without_the_right(votes, roles, needed) -> None:
    people = members(*roles)
    counted = tally(votes, people, Rule(needed, 1))
    named = counted.approving + counted.vetoing
    assert len(set(named)) == len(named)
    assert set(named) <= {one.user_id for one in voters(people)}
    assert set(named) == {one.user_id for one in voters(people)} & {one.user_id for one in votes}
    if counted.outcome is A:
        assert len(counted.approving) >= needed and not counted.vetoing
