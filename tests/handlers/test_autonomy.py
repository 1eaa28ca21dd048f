"""/autonomy, and the cards of what runs by itself."""

from decimal import Decimal

import pytest

from agents.domain.autonomy import LONGEST, MANUAL, SHORTEST, Autonomy, AutonomyKind
from agents.domain.proposal import Proposal, ProposalState
from handlers import texts
from handlers.autonomy import PRESETS
from tests.support.conversation import Conversation, buttons, plain

VETO = Autonomy(AutonomyKind.VETO, window=300)
AUTOPILOT = Autonomy(AutonomyKind.AUTOPILOT)
S = ProposalState


async def present(talk: Conversation) -> Autonomy:
    [strategy] = await talk.desk.memory.strategies.of((await talk.user()).id)
    return strategy.autonomy


async def counting(talk: Conversation, autonomy: Autonomy = VETO) -> Proposal:
    """A proposal that is to run by itself; its card was shown."""
    strategy = await talk.strategy()
    await talk.desk.memory.strategies.set_autonomy(strategy.owner_id, strategy.id, autonomy)
    made = await talk.world.propose(strategy)
    await talk.told()
    return made


async def wait(talk: Conversation, seconds: int) -> str:
    """So many seconds, one by one; what was told in them."""
    for _ in range(seconds):
        talk.world.clock.wait(1)
        talk.world.market.tick("60000", after=0)
        await talk.world.desk.every_second()
        await talk.world.settle()
    return plain(await talk.told())


# --- setting it ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "wanted"),
    [
        ("/autonomy 1 veto 5m", VETO),
        ("/autonomy #1 veto", VETO),
        ("/autonomy Dips veto window of 300 s", VETO),
        ("/autonomy veto 5:00", VETO),
        ("/autonomy 1 veto 30s", Autonomy(AutonomyKind.VETO, window=SHORTEST)),
        ("/autonomy 1 veto 1h", Autonomy(AutonomyKind.VETO, window=LONGEST)),
        ("/autonomy 1 autopilot", AUTOPILOT),
        (
            "/autonomy 1 assisted confidence 80% risk 0.5%",
            Autonomy(AutonomyKind.ASSISTED, confidence=Decimal("0.8"), risk=Decimal("0.5")),
        ),
        (
            "/autonomy 1 assisted risk 2 and confidence 65",
            Autonomy(AutonomyKind.ASSISTED, confidence=Decimal("0.65"), risk=Decimal(2)),
        ),
        ("/autonomy 1 assisted", PRESETS[1][1]),
    ],
)
async def test_what_trades_without_a_tap_needs_a_yes(
    talk: Conversation, said: str, wanted: Autonomy
) -> None:
    await talk.strategy()
    [question] = await talk.say(said)
    assert "without your tap?" in question.words.plain() and "📄 Paper" in question.words.plain()
    assert await present(talk) == MANUAL
    done, card = await talk.press("Yes")
    assert await present(talk) == wanted and done.edits
    assert "🤖 Autonomy: runs" in card.words.plain()
    [audited] = await talk.desk.memory.audit.recent(1, 9)
    assert (audited["actor"], audited["what"]) == ("user:1", "autonomy")
    assert audited["facts"]["autonomy"] == wanted.as_json()


async def test_no_changes_nothing(talk: Conversation) -> None:
    await talk.strategy()
    await talk.say("/autonomy 1 autopilot")
    assert plain(await talk.press("No")) == texts.NOTHING_DONE
    assert await present(talk) == MANUAL


async def test_asking_again_goes_at_once(talk: Conversation) -> None:
    strategy = await talk.strategy()
    await talk.desk.memory.strategies.set_autonomy(strategy.owner_id, strategy.id, AUTOPILOT)
    assert "asks before each trade" in plain(await talk.say("/autonomy 1 manual"))
    assert await present(talk) == MANUAL
    assert "already" in plain(await talk.say("/autonomy 1 manual"))


@pytest.mark.parametrize(("label", "wanted"), PRESETS[1:])
async def test_by_taps(talk: Conversation, label: str, wanted: Autonomy) -> None:
    strategy = await talk.strategy()
    await talk.say(f"/strategies {strategy.number}")
    await talk.press("Autonomy")
    await talk.press(label)
    assert await present(talk) == MANUAL
    await talk.press("Yes")
    assert await present(talk) == wanted


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("/autonomy 1 veto 29s", "30 seconds to 60 minutes"),
        ("/autonomy 1 veto 2h", "30 seconds to 60 minutes"),
        ("/autonomy 1 veto soon", "How long is 'soon'?"),
        ("/autonomy 1 assisted 70", "I can't read '70'"),
        ("/autonomy 1 assisted confidence 170%", "between 1% and 100%"),
        ("/autonomy 1 assisted confidence NaN", "between 1% and 100%"),
        ("/autonomy 1 assisted risk -1%", "A risk is a part of your equity"),
        ("/autonomy 1 autopilot please", "'please'"),
        ("/autonomy 7 autopilot", "no strategy '7'"),
        ("/autonomy autopilot", "Which one?"),
        ("/autonomy nonsense", "no strategy 'nonsense'"),
    ],
)
async def test_what_makes_no_sense_is_said(talk: Conversation, said: str, told: str) -> None:
    await talk.strategy()
    await talk.strategy()
    assert told in plain(await talk.say(said))
    for strategy in await talk.desk.memory.strategies.of(1):
        assert strategy.autonomy == MANUAL


async def test_the_overview(talk: Conversation) -> None:
    await talk.user()
    assert "no strategy yet" in plain(await talk.say("/autonomy"))
    for _ in range(12):
        await talk.strategy()
    [page] = await talk.say("/autonomy")
    assert "#1 Dips: asks before each trade." in page.words.plain()
    assert "… and 4 more" in page.words.plain() and len(buttons(page)) == 8


async def test_without_a_model_assisted_will_ask(talk: Conversation) -> None:
    await talk.strategy()
    assert "it will ask each time" in plain(await talk.say("/autonomy 1 assisted"))


async def test_a_strategy_of_somebody_else(talk: Conversation) -> None:
    strategy = await talk.strategy()
    bob = await talk.stranger_in()
    for data in (f"let:{strategy.id}:3", f"autonomy:{strategy.id}:0"):
        assert "not yours" in plain(await talk.tap_data(data, bob))
    assert "no strategy" in plain(await talk.say("/autonomy 1 autopilot", bob))
    assert await present(talk) == MANUAL


async def test_forged_and_late(talk: Conversation) -> None:
    strategy = await talk.strategy()
    assert plain(await talk.tap_data(f"let:{strategy.id}:99")) == texts.NOT_MINE
    assert "while I was away" in plain(await talk.say("/autonomy 1 autopilot", late=130))
    await talk.say("/autonomy 1 autopilot")
    await talk.press("Yes", late=130)
    assert await present(talk) == MANUAL


async def test_an_archived_strategy_is_left_alone(talk: Conversation) -> None:
    strategy = await talk.strategy()
    await talk.desk.hands.archive(strategy.owner_id, strategy.id)
    assert "nothing was changed" in plain(await talk.say("/autonomy 1 autopilot"))


# --- its cards ----------------------------------------------------------------------------------


async def test_a_card_that_counts_down(talk: Conversation) -> None:
    await counting(talk)
    card = talk.shown[-1]
    assert "⏱ Runs in 5:00 unless vetoed, at 12:05 (veto window)." in card.words.plain()
    assert [one.label for one in buttons(card)][:2] == ["❌ Veto", "✅ Approve now"]
    assert any("Details" in one.label for one in buttons(card))
    assert "Runs in 4:00 unless vetoed" in await wait(talk, 60)
    assert talk.shown[-1].edits and talk.shown[-1].picture is None
    assert "runs in 4:00 unless vetoed" in plain(await talk.say("/proposals"))
    assert "runs in 4:00 unless vetoed" in plain(await talk.say("/status"))
    told = await wait(talk, 241)
    assert "🤖 Ran by itself at 12:05 · veto window" in told and "Filled LONG" in told
    assert "Approved" not in told


async def test_a_veto_on_it(talk: Conversation) -> None:
    await counting(talk)
    assert "Vetoed LONG BTC/USDT" in plain(await talk.press("Veto"))
    assert "❌ Vetoed" in await wait(talk, 400)
    assert not talk.world.orders


async def test_approve_now(talk: Conversation) -> None:
    await counting(talk)
    await talk.press("Approve now")
    told = await wait(talk, 2)
    assert "✅ Approved" in told and "by itself" not in told


async def test_a_late_veto_stops_it_without_a_question(talk: Conversation) -> None:
    await counting(talk, Autonomy(AutonomyKind.VETO, window=3600))
    await talk.press("Veto", late=400)
    assert talk.world.proposals[0].state is S.VETOED
    await counting(talk, Autonomy(AutonomyKind.VETO, window=3600))
    assert "while I was away" in plain(await talk.press("Approve now", late=400))


async def test_to_manual_while_it_counts_down(talk: Conversation) -> None:
    await counting(talk)
    await wait(talk, 250)
    await talk.say("/autonomy 1 manual")
    told = await wait(talk, 200)
    assert "Version 2: the autonomy was changed" in told
    assert "Expires in" in talk.shown[-1].words.plain()
    assert talk.world.proposals[0].state is S.PENDING and not talk.world.orders
    await talk.press("Approve")
    assert len(talk.world.orders) == 1


async def test_the_price_has_moved(talk: Conversation) -> None:
    await counting(talk)
    talk.world.clock.wait(300)
    talk.world.market.tick("60300", after=0)
    await talk.world.desk.every_second()
    told = await talk.told()
    assert not told[-1].edits  # a card of its own, so that somebody hears of it
    assert "↻ Version 2: the price went up to 60,300" in plain(told[-1:])
    assert [one.label for one in buttons(told[-1])][:2] == ["✅ Approve", "❌ Veto"]


async def test_an_assisted_card_says_why_it_asks(talk: Conversation) -> None:
    await counting(talk, PRESETS[1][1])
    assert "🙋 Asks you: no model stated a confidence." in talk.shown[-1].words.plain()


async def test_on_autopilot_it_is_told(talk: Conversation) -> None:
    await counting(talk, AUTOPILOT)
    assert "🤖 Runs by itself now (autopilot)." in talk.shown[-1].words.plain()
    assert "🤖 Ran by itself at 12:00 · autopilot" in await wait(talk, 12)
