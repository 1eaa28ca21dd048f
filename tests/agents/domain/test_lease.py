"""Work that was begun belongs to whoever began it, for a while."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from agents.domain.lease import Lease

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@dataclass(frozen=True)
class Work:
    id: int
    attempts: int = 1


def after(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def test_it_is_left_alone_until_the_lease_is_over() -> None:
    lease = Lease(60)
    assert lease.expired([Work(1)], after(0)) == []
    assert lease.expired([Work(1)], after(59)) == []
    assert lease.expired([Work(1)], after(60)) == [Work(1)]


def test_a_new_attempt_is_a_new_lease() -> None:
    lease = Lease(60)
    lease.expired([Work(1)], after(0))
    assert lease.expired([Work(1, attempts=2)], after(60)) == []
    assert lease.expired([Work(1, attempts=2)], after(120)) == [Work(1, attempts=2)]


def test_what_was_not_begun_in_between_is_forgotten() -> None:
    lease = Lease(60)
    lease.expired([Work(1)], after(0))
    lease.expired([], after(30))
    assert lease.expired([Work(1)], after(61)) == []


def test_alone_everything_is_ones_own() -> None:
    assert Lease(0).expired([Work(1), Work(2)], NOON) == [Work(1), Work(2)]
