"""An owner's own limits: stricter at once, looser after the delay, within the operator's."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from agents.domain.limits import Own, Value
from agents.domain.user import NoticeKind
from agents.execution.bounds.limit_book import Change, LimitBook
from tests.support.desk import World
from tests.support.memory import InMemory
from tests.support.real_money import limited

D = Decimal
DAY = timedelta(days=1)
ME = "user:1"


def loss(percent: str, *, flatten: bool = False) -> Value:
    return {"daily_loss_percent": D(percent), "daily_loss_flatten": flatten}


class Owner:
    """A book, and the owner whose limits it holds."""

    def __init__(self, world: World, number: int) -> None:
        self.world = world
        self.number = number
        self.again()

    def again(self) -> None:
        """As after a restart."""
        memory = InMemory(self.world.database)
        self.book = LimitBook(memory, self.world.clock, self.world.limits, DAY)

    async def tighten(self, value: Value | None) -> Change:
        return (await self.book.tighten(self.number, ME, "daily loss", value)).change

    async def loosen(self, value: Value | None, before: Value) -> Change:
        found = await self.book.loosen(self.number, ME, "daily loss", value, before)
        return found.change

    async def now(self) -> Decimal:
        return (await self.book.of(self.number)).daily_loss_percent

    async def audited(self) -> list[tuple[str, str, Any]]:
        found = await self.world.memory.audit.recent(self.number, 20)
        return [(one["actor"], one["what"], one["facts"].get("limit")) for one in found][::-1]


@pytest.fixture
async def owner() -> Owner:
    world = World()
    await world.start()
    return Owner(world, await world.user())


async def test_stricter_is_at_once_and_stays(owner: Owner) -> None:
    assert await owner.tighten(loss("3")) is Change.SET
    assert await owner.now() == 3
    assert await owner.tighten(loss("3")) is Change.SAME
    owner.again()
    assert await owner.now() == 3
    assert await owner.audited() == [(ME, "limit", "daily loss")]
    assert owner.world.limits.daily_loss_percent == 6


async def test_looser_is_only_told_until_it_is_confirmed(owner: Owner) -> None:
    await owner.tighten(loss("3"))
    for wanted in (loss("4"), None):
        assert await owner.tighten(wanted) is Change.LOOSER
        assert await owner.now() == 3
    assert (await owner.book.owns(owner.number))["daily loss"] == Own(loss("3"))


async def test_looser_holds_after_the_delay_also_through_a_restart(owner: Owner) -> None:
    clock = owner.world.clock
    await owner.tighten(loss("3"))
    assert await owner.loosen(loss("4"), loss("3")) is Change.WAITS
    clock.wait(DAY.total_seconds() - 1)
    owner.again()
    await owner.book.tell_due()
    assert await owner.now() == 3
    clock.wait(1)
    owner.again()
    assert await owner.now() == 4
    assert not owner.world.told(NoticeKind.LIMIT)
    for _ in range(3):  # and in two processes
        owner.again()
        await owner.book.tell_due()
    [told] = owner.world.told(NoticeKind.LIMIT)
    assert (told["what"], told["name"]) == ("raised", "daily loss")
    assert (told["was"]["daily_loss_percent"], told["is"]["daily_loss_percent"]) == ("3", "4")
    assert await owner.now() == 4
    assert await owner.audited() == [
        (ME, "limit", "daily loss"),
        (ME, "limit to be raised", "daily loss"),
        ("delay", "limit raised", "daily loss"),
    ]


async def test_back_to_the_operators_limit_is_looser_as_well(owner: Owner) -> None:
    await owner.tighten(loss("3"))
    assert await owner.loosen(None, loss("3")) is Change.WAITS
    owner.world.clock.wait(DAY.total_seconds())
    assert await owner.now() == 6


async def test_what_waits_can_be_taken_back(owner: Owner) -> None:
    await owner.tighten(loss("3"))
    await owner.loosen(loss("4"), loss("3"))
    assert await owner.book.keep(owner.number, ME, "daily loss")
    assert not await owner.book.keep(owner.number, ME, "daily loss")
    owner.world.clock.wait(DAY.total_seconds())
    await owner.book.tell_due()
    assert await owner.now() == 3
    assert not owner.world.told(NoticeKind.LIMIT)


async def test_a_stricter_one_drops_what_waits(owner: Owner) -> None:
    await owner.tighten(loss("3"))
    await owner.loosen(loss("4"), loss("3"))
    assert await owner.tighten(loss("2")) is Change.SET
    owner.world.clock.wait(DAY.total_seconds())
    assert await owner.now() == 2


async def test_the_same_again_drops_what_waits(owner: Owner) -> None:
    await owner.tighten(loss("3"))
    await owner.loosen(loss("4"), loss("3"))
    assert await owner.tighten(loss("3")) is Change.SAME
    owner.world.clock.wait(DAY.total_seconds())
    assert await owner.now() == 3


async def test_nothing_goes_beyond_the_operators(owner: Owner) -> None:
    await owner.tighten(loss("3"))
    assert await owner.tighten(loss("6.01")) is Change.TOO_LOOSE
    assert await owner.loosen(loss("6.01"), loss("3")) is Change.TOO_LOOSE
    await owner.loosen(loss("6"), loss("3"))
    owner.world.clock.wait(DAY.total_seconds())
    assert await owner.now() == 6
    owner.world.limits = limited(daily_loss_percent=D(2))  # the operator lowers it
    owner.again()
    assert await owner.now() == 2


async def test_a_yes_about_what_has_changed_since_changes_nothing(owner: Owner) -> None:
    await owner.tighten(loss("3"))
    await owner.tighten(loss("2"))
    assert await owner.loosen(loss("4"), loss("3")) is Change.STALE
    assert await owner.loosen(loss("1"), loss("2")) is Change.STALE  # it is no raise any more
    assert await owner.now() == 2


async def test_a_pair_is_looser_when_one_of_them_is(owner: Owner) -> None:
    def rest(losses: int, minutes: int) -> Value:
        return {"losses_in_a_row": losses, "cooldown_minutes": minutes}

    wish = owner.book.tighten
    assert (await wish(owner.number, ME, "cooldown", rest(3, 90))).change is Change.SET
    assert (await wish(owner.number, ME, "cooldown", rest(2, 60))).change is Change.LOOSER
    assert (await wish(owner.number, ME, "cooldown", rest(2, 30))).change is Change.TOO_LOOSE
    assert (await wish(owner.number, ME, "cooldown", rest(2, 90))).change is Change.SET


async def test_everybody_with_limits_of_their_own(owner: Owner) -> None:
    await owner.tighten(loss("3"))
    other = await owner.world.user("Grace")
    assert {who: one.daily_loss_percent for who, one in (await owner.book.those()).items()} == {
        owner.number: 3
    }
    assert (await owner.book.of(other)).daily_loss_percent == 6
