"""Cards: redrawn where they stand, one with live buttons per place, whatever crashes."""

import asyncio
from collections.abc import Awaitable, Callable

from agents.domain.errors import DeliveryDelayed, DeliveryRefused
from agents.domain.mail import CardMessage, OutboxState
from agents.domain.user import NoticeKind, Place
from bot.outbox_delivery import SHOWN_BELOW
from handlers.chat import Button, Picture, Reply, text
from tests.support.mailroom import Mailroom, failing
from tests.support.memory import Killed
from tests.support.platform import MemoryPlatform

ANN, BOB = Place("telegram", "1"), Place("telegram", "2")
CARD = "proposal:7"
ROWS = ((Button("✅ Approve", "approve", 7, 2), Button("❌ Veto", "veto", 7, 2)),)
CHART = Picture("proposal", {"id": 7})


def pending(words: str = "Buy BTC?") -> Reply:
    return Reply(text(words), ROWS, CHART, card=CARD)


def outcome(words: str) -> Reply:
    return Reply(text(words), card=CARD, edits=True)


async def propose(mail: Mailroom, place: Place = ANN, reply: Reply | None = None) -> None:
    mail.states[CARD] = reply or pending()
    await mail.tell(place, NoticeKind.PROPOSAL, card=CARD)
    await mail.rounds()


async def change(mail: Mailroom, reply: Reply, place: Place = ANN) -> None:
    mail.states[CARD] = reply
    await mail.tell(place, NoticeKind.PROPOSAL_CHANGED, card=CARD)


async def test_a_card_gets_its_buttons_after_it_is_known() -> None:
    mail = Mailroom()
    await propose(mail)
    assert [call.what for call in mail.platform.calls] == ["send", "edit"]
    card = mail.platform.messages["1"]
    assert (card.text, card.buttons) == ("Buy BTC?", ["✅ Approve", "❌ Veto"])
    assert card.message.picture == b"proposal"
    assert await mail.outbox.cards(CARD) == [CardMessage(CARD, ANN, "1", 2)]


async def test_other_messages_need_one_step() -> None:
    mail = Mailroom()
    await mail.put(ANN, Reply(text("Sure?"), ROWS))
    await mail.rounds()
    assert [call.what for call in mail.platform.calls] == ["send"]
    assert mail.platform.messages["1"].buttons


async def test_an_idempotent_platform_needs_one_step() -> None:
    platform = MemoryPlatform()
    platform.idempotent = True
    mail = Mailroom(platform)
    await propose(mail)
    assert [call.what for call in platform.calls] == ["send"]


async def test_an_outcome_is_drawn_on_the_card() -> None:
    mail = Mailroom()
    await propose(mail)
    await change(mail, outcome("Approved"))
    await mail.rounds()
    [card] = mail.platform.messages.values()
    assert (card.text, card.buttons, card.message.picture) == ("Approved", [], b"proposal")
    assert mail.rows()[1].message_id == "1"


async def test_each_place_has_its_own_card() -> None:
    mail = Mailroom()
    await propose(mail, ANN)
    await propose(mail, BOB)
    for place in (ANN, BOB):
        await change(mail, outcome("Vetoed"), place)
    await mail.rounds()
    assert mail.platform.texts() == ["Vetoed", "Vetoed"]


async def test_several_redraws_become_one() -> None:
    mail = Mailroom()
    await propose(mail)
    mail.clock.advance(1)
    for words in ("Approving", "Sent", "Filled"):
        await change(mail, outcome(words))
    await mail.rounds()
    assert mail.platform.texts() == ["Filled"]
    assert mail.platform.messages["1"].edits == 2  # its buttons, and the newest state
    assert len(mail.rows(OutboxState.SENT)) == 4


async def test_a_change_back_is_drawn_again() -> None:
    mail = Mailroom()
    await propose(mail)
    for reply in (outcome("Approving"), Reply(text("Buy BTC?"), ROWS, card=CARD, edits=True)):
        mail.clock.advance(1)
        await change(mail, reply)
        await mail.rounds()
    assert mail.platform.messages["1"].buttons
    mail.clock.advance(1)
    await change(mail, outcome("Approving"))
    await mail.rounds()
    assert mail.platform.texts() == ["Approving"]


async def test_an_unchanged_picture_is_not_drawn_again() -> None:
    mail = Mailroom()
    await propose(mail)
    await change(mail, Reply(text("Filled"), picture=CHART, card=CARD, edits=True))
    await mail.rounds()
    assert len(mail.drawn) == 1
    later = Picture("proposal", {"id": 7, "exit": 1})
    await change(mail, Reply(text("Closed"), picture=later, card=CARD, edits=True))
    await mail.rounds()
    assert mail.drawn == [CHART, later]


async def test_news_of_a_card_that_is_gone_is_a_new_message() -> None:
    mail = Mailroom()
    await propose(mail)
    del mail.platform.messages["1"]
    mail.platform.messages["x"] = None  # type: ignore[assignment]  # so that the next id is 2
    await change(mail, outcome("Filled"))
    await mail.rounds()
    assert mail.platform.messages["2"].text == "Filled"
    assert await mail.outbox.cards(CARD) == [CardMessage(CARD, ANN, "2", 0)]


async def test_a_fill_answers_its_card() -> None:
    mail = Mailroom()
    await propose(mail)
    await mail.put(ANN, Reply(text("Filled"), replies_to=CARD))
    await mail.put(BOB, Reply(text("Filled"), replies_to=CARD))
    await mail.rounds()
    assert mail.platform.messages["2"].reply_to == "1"
    assert mail.platform.messages["3"].reply_to == ""


async def test_a_tapped_message_is_edited() -> None:
    mail = Mailroom()
    await mail.put(ANN, Reply(text("page 1"), ROWS))
    await mail.rounds()
    await mail.put(ANN, Reply(text("page 2"), ROWS, edits=True), message_id="1")
    await mail.rounds()
    assert mail.platform.texts() == ["page 2"]


async def test_in_a_group_an_answer_points_to_the_question() -> None:
    mail = Mailroom()
    await mail.put(ANN, "42", reply_to="900")
    await mail.rounds()
    assert mail.platform.messages["1"].reply_to == "900"


async def test_a_card_shown_again_leaves_no_second_pair_of_buttons() -> None:
    mail = Mailroom()
    await propose(mail)
    await mail.put(ANN, pending())
    await mail.rounds()
    old, new = mail.platform.messages.values()
    assert (old.buttons, len(new.buttons)) == ([], 2)
    assert old.text == "Buy BTC?" + SHOWN_BELOW and new.text == "Buy BTC?"
    await change(mail, outcome("Approved"))
    await mail.rounds()
    assert (new.text, new.buttons) == ("Approved", [])


async def test_a_delay_between_the_two_steps_does_not_send_again() -> None:
    mail = Mailroom()
    mail.platform.before = failing(DeliveryDelayed("busy"), 2, what="edit")
    await propose(mail)
    await mail.run(5)
    [card] = mail.platform.messages.values()
    assert len(card.buttons) == 2


async def test_a_card_deleted_between_the_two_steps_is_sent_again() -> None:
    mail = Mailroom()
    mail.platform.before = failing(DeliveryDelayed("busy"), what="edit")
    await propose(mail)
    mail.platform.before = failing(DeliveryRefused("message to edit not found"), what="edit")
    await mail.run(5)
    assert [bool(card.buttons) for card in mail.platform.messages.values()] == [False, True]


# --- crashes ----------------------------------------------------------------------------------


class Reaper:
    """Kills a process at its nth step: before or after a call of the platform or the outbox."""

    def __init__(self, nth: int) -> None:
        self.left = nth
        self.mail = Mailroom(passing=self)
        platform = self.mail.platform
        platform.before = platform.after = lambda what, place: self(what)

    def __call__(self, what: str) -> None:
        self.left -= 1
        if self.left == 0:
            self.mail.memory.kill()
            raise Killed(what)

    async def outlive(self, story: Callable[[Mailroom], Awaitable[None]]) -> tuple[Mailroom, bool]:
        """Tell the story until the kill; the next process, and whether there was a kill."""
        first = self.mail
        try:
            await story(first)
            was_killed = False
        except Killed:
            was_killed = True
        await asyncio.sleep(0)  # what the dead process had begun dies too
        platform = first.platform
        platform.before = platform.after = lambda what, place: None
        second = Mailroom(
            platform, database=first.memory.database, clock=first.clock, states=first.states
        )
        second.clock.advance(1)
        await second.rounds()
        return second, was_killed


def live(platform: MemoryPlatform) -> list[str]:
    return [card.id for card in platform.messages.values() if card.buttons]


async def tell(mail: Mailroom) -> None:
    """A card, shown twice, a fill and an outcome; their facts are stored before all else."""
    mail.states[CARD] = pending()
    await mail.tell(ANN, NoticeKind.PROPOSAL, card=CARD)
    await mail.put(ANN, pending())
    await mail.rounds()
    mail.clock.advance(1)
    await mail.put(ANN, Reply(text("Filled"), replies_to=CARD))
    await change(mail, outcome("Approved"))
    await mail.rounds()


LONGEST_STORY = 200  # steps; the test says so when there are more


async def test_killed_at_any_step_nothing_is_lost_and_no_buttons_lie() -> None:
    for nth in range(1, LONGEST_STORY):
        second, was_killed = await Reaper(nth).outlive(tell)
        if not was_killed:
            break
        platform = second.platform
        known = [message.message_id for message in await second.outbox.cards(CARD)]
        assert set(live(platform)) <= set(known), nth
        assert all(row.state is OutboxState.SENT for row in second.rows()), nth
        await change(second, outcome("Vetoed"))
        await second.rounds()
        assert live(platform) == [], nth
        assert "Vetoed" in platform.texts(), nth
    assert 50 < nth < LONGEST_STORY - 1


async def test_an_orphan_of_a_crash_never_had_buttons() -> None:
    for nth in range(1, LONGEST_STORY):
        second, was_killed = await Reaper(nth).outlive(propose)
        if not was_killed:
            break
        platform = second.platform
        known = await second.outbox.cards(CARD)
        had = [card.id for card in platform.messages.values() if card.has_had_buttons]
        assert had == [message.message_id for message in known], nth
        assert len(platform.messages) <= 2
    assert 15 < nth < LONGEST_STORY - 1
