"""Taps on a proposal's card: each outcome in words, and none but an approval trades."""

from dataclasses import replace
from decimal import Decimal

import pytest

from agents.domain.order import OrderState
from agents.domain.proposal import ProposalState, VetoReason
from agents.execution.proposals.outcomes import Outcome, Verdict
from handlers import approvals, cards
from handlers.chat import Style, bold
from handlers.turn import Turn
from tests.support.conversation import ADA, Conversation, buttons, plain
from tests.support.desk import levels

S = ProposalState


async def state(talk: Conversation) -> ProposalState:
    return talk.world.proposals[-1].state


# --- the card -----------------------------------------------------------------------------------


async def test_the_card_has_everything_that_a_yes_needs(talk: Conversation) -> None:
    await talk.proposal()
    card = talk.shown[-1]
    said = card.words.plain()
    assert said.split("\n")[0] == "📄 Paper · LONG BTC/USDT"
    for part in (
        "Entry   60,000.00",
        "Stop    59,400.00 -1%",
        "Target  61,200.00 2R",
        "Size    0.16666 BTC",
        "= 9,999.60 USDT",
        "Risk    100.00 USDT",
        "= 1% of equity",
        "rules only, no model",
        "Expires in 15:00, at 12:15",
        "180.00 (30% of the stop distance)",
    ):
        assert part in said, part
    assert [button.label for button in buttons(card)] == [
        "✅ Approve",
        "❌ Veto",
        "✂️ Half size",
        "🛡 Tighter stop",
        "⏭ Next candle",
        "🔎 Details",
    ]
    assert card.picture and card.picture.kind == "proposal" and card.card == "proposal:1"


async def test_shares_trails_and_a_models_word_are_on_the_card(talk: Conversation) -> None:
    strategy = await talk.strategy()
    wanted = levels(targets=(("60900", "0.5"), ("61800", "0.5")))
    wanted = replace(wanted, trailing=replace(wanted.trailing, breakeven_r=Decimal(1)))
    proposal = await talk.world.propose(
        strategy, wanted, reasons=("Oversold at support", ""), advised_by="claude-x"
    )
    card = await approvals.card(talk.desk, await turn(talk), replace(proposal, confidence=0.724))
    said = card.words.plain()
    assert "60,900.00 1.5R · 50%" in said and "61,800.00 3R · 50%" in said
    assert "break-even after 1R" in said
    assert "Confidence: 72% (claude-x)" in said and "• Oversold at support" in said


async def turn(talk: Conversation) -> Turn:
    return Turn(await talk.user(), talk.incoming(ADA, text=""))


async def test_the_card_counts_down_to_the_reader(talk: Conversation) -> None:
    await talk.say("/settings zone Kolkata")
    await talk.proposal()
    talk.world.clock.wait(28)
    [page] = await talk.say("/proposals")
    assert "expires in 14:32" in page.words.plain()
    [card] = await talk.press("#1 LONG")
    assert "Expires in 14:32, at 17:45." in card.words.plain()


# --- approve ------------------------------------------------------------------------------------


async def test_approve(talk: Conversation) -> None:
    await talk.proposal()
    assert await talk.press("Approve") == []
    [card] = await talk.told()
    assert card.edits and card.rows == () and card.picture is None
    assert "✅ Approved at 12:00 · order on its way, not yet filled" in card.words.plain()
    await talk.world.tick("60000")
    filled, card = await talk.told()
    assert "Filled LONG BTC/USDT" in filled.words.plain()
    assert "filled at 60,024" in card.words.plain()


async def test_the_card_keeps_its_text(talk: Conversation) -> None:
    await talk.proposal()
    before = talk.shown[-1].words.plain().split("\n\n")[0]
    await talk.press("Approve")
    [card] = await talk.told()
    assert card.words.plain().split("\n\n")[0] == before


async def test_a_second_tap_says_what_happened(talk: Conversation) -> None:
    await talk.proposal()
    button = talk.button("Approve")
    await talk.tap(button)
    redrawn, said = await talk.tap(button)
    assert redrawn.edits and redrawn.card == "proposal:1" and redrawn.rows == ()
    assert "Nothing was changed" in said.words.plain() and "Approved" in said.words.plain()
    assert said.replies_to == "proposal:1"
    assert len(talk.world.orders) == 1


async def test_an_old_version_is_not_traded(talk: Conversation) -> None:
    await talk.proposal()
    old = talk.button("Approve")
    assert await talk.press("Half size") == []
    [card] = await talk.told()
    assert "0.08333 BTC" in card.words.plain() and "Version 2: half size" in card.words.plain()
    assert card.picture and card.picture.facts["version"] == 2
    said = plain(await talk.tap(old))
    assert "older version" in said and "now version 2" in said
    assert talk.world.orders == []
    await talk.press("Approve")
    assert len(talk.world.orders) == 1


async def test_an_expired_card_is_not_traded(talk: Conversation) -> None:
    await talk.proposal()
    talk.world.clock.wait(901)
    said = plain(await talk.press("Approve"))
    assert "has expired" in said and "⌛ Expired" in said
    assert talk.world.orders == [] and await state(talk) is S.EXPIRED


async def test_a_moved_price_asks_again(talk: Conversation) -> None:
    await talk.proposal()
    talk.world.market.tick("60300")
    redrawn, said = await talk.press("Approve")
    assert "60,300" in said.words.plain() and "Approve again" in said.words.plain()
    assert "60,300.00 now" in redrawn.words.plain() and redrawn.rows
    assert talk.world.orders == [] and await state(talk) is S.PENDING
    await talk.tap(buttons(redrawn)[0])
    assert len(talk.world.orders) == 1


async def test_a_limit_names_itself(talk: Conversation) -> None:
    proposal = await talk.proposal()
    account = talk.world.accounts[0]
    await talk.desk.memory.accounts.book(account.id, Decimal(-2500))
    said = plain(await talk.press("Approve"))
    assert "Refused by the limit “drawdown”." in said and "⛔ Refused" in said
    assert talk.world.orders == [] and proposal.id == 1
    told = plain(await talk.told())
    assert "is paused" in told and "drawdown" in told


async def test_without_a_price_it_waits(talk: Conversation) -> None:
    await talk.proposal()
    talk.world.market.reachable = False
    said = plain(await talk.press("Approve"))
    assert "Not traded" in said and "still waits" in said
    assert await state(talk) is S.PENDING


async def test_a_tap_made_while_the_desk_was_away_asks_again(talk: Conversation) -> None:
    await talk.proposal()
    talk.world.market.tick("60060")
    talk.world.clock.wait(840 - 60)
    said = await talk.press("Approve", late=780)
    words = plain(said)
    assert "You tapped Approve 13 minutes ago, while I was away." in words
    assert "BTC is now 60,060.00; the card says 60,000.00 and expires in 1:59" in words
    assert talk.world.orders == []
    talk.world.market.tick("60060")
    [answer] = await talk.tap(buttons(*said)[0])
    assert answer.edits and answer.rows == () and answer.words.plain() == "✅ Yes."
    assert len(talk.world.orders) == 1


async def test_no_to_a_late_tap_does_nothing(talk: Conversation) -> None:
    await talk.proposal()
    said = await talk.press("Veto", late=300)
    assert "You tapped Veto 5 minutes ago" in plain(said)
    [answer] = await talk.tap(buttons(*said)[1])
    assert answer.edits and "nothing was done" in answer.words.plain()
    assert await state(talk) is S.PENDING


async def test_a_late_tap_on_what_is_over_only_says_so(talk: Conversation) -> None:
    await talk.proposal()
    await talk.press("Veto")
    assert "Nothing was changed" in plain(await talk.press("Approve", late=900))
    assert await state(talk) is S.VETOED


# --- veto ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("label", "reason"),
    [
        ("Too risky", VetoReason.TOO_RISKY),
        ("Bad timing", VetoReason.BAD_TIMING),
        ("Not this coin", VetoReason.NOT_THIS_COIN),
        ("Other", VetoReason.OTHER),
    ],
)
async def test_veto_then_one_tap_for_the_reason(
    talk: Conversation, label: str, reason: VetoReason
) -> None:
    await talk.proposal()
    [asked] = await talk.press("Veto")
    assert "❌ Vetoed LONG BTC/USDT" in asked.words.plain()
    assert await state(talk) is S.VETOED
    noted, card = await talk.press(label)
    assert noted.edits and not noted.rows and str(reason) in noted.words.plain()
    assert f"❌ Vetoed at 12:00 · {reason}" in card.words.plain()
    assert talk.world.proposals[0].veto_reason is reason


async def test_a_reason_without_a_veto_is_not_taken(talk: Conversation) -> None:
    await talk.proposal()
    assert "Nothing was changed" in plain(await talk.tap_data("veto_other:1:1"))
    assert await state(talk) is S.PENDING


async def test_tighten(talk: Conversation) -> None:
    await talk.proposal()
    assert await talk.press("Tighter stop") == []
    [card] = await talk.told()
    assert "59,700.00 -0.5%" in card.words.plain() and "Risk    50.00" in card.words.plain()


async def test_waiting_for_the_next_candle_ends_this_card(talk: Conversation) -> None:
    proposal = await talk.proposal()
    assert await talk.press("Next candle") == []
    [card] = await talk.told()
    assert "🚫 Cancelled at 12:00 · waits for the next candle" in card.words.plain()
    assert card.rows == ()
    assert "Nothing was changed" in plain(await talk.press("Next candle"))
    strategy = await talk.desk.memory.strategies.get(1, proposal.strategy_id)
    assert (await talk.world.propose(strategy)).id == 2


async def test_waiting_is_only_for_the_card_that_waits(talk: Conversation) -> None:
    await talk.proposal()
    button = talk.button("Next candle")
    await talk.press("Half size")
    assert "older version" in plain(await talk.tap(button))
    talk.world.clock.wait(901)
    assert "has expired" in plain(await talk.tap_data("next_candle:1:2"))


async def test_half_of_almost_nothing_is_refused(talk: Conversation) -> None:
    strategy = await talk.strategy(size="10")
    await talk.world.propose(strategy)
    await talk.told()
    await talk.press("Half size")
    await talk.told()
    said = plain(await talk.press("Half size"))
    assert "minimum size" in said


# --- details and lists --------------------------------------------------------------------------


async def test_details(talk: Conversation) -> None:
    await talk.proposal()
    [said] = await talk.press("Details")
    words = said.words.plain()
    assert "rsi(14) 31.2 < 35" in words and "no model was asked" in words
    assert "Waits for you" in words and said.replies_to == "proposal:1"


async def test_the_list(talk: Conversation) -> None:
    assert "no proposals yet" in plain(await talk.say("/proposals"))
    await talk.proposal()
    [page] = await talk.say("/proposals")
    assert "Proposals (1 waiting)" in page.words.plain()
    await talk.press("Veto")
    assert "vetoed · 12:00" in plain(await talk.say("/proposals"))


# --- every outcome ------------------------------------------------------------------------------


@pytest.mark.parametrize("verdict", list(Verdict))
async def test_every_verdict_has_words(talk: Conversation, verdict: Verdict) -> None:
    proposal = await talk.proposal()
    outcome = Outcome(verdict, proposal, "the reason", "the rule")
    said = approvals.told(talk.desk, await turn(talk), proposal, outcome)
    assert said and all(said)


async def test_an_order_that_failed_is_no_limit(talk: Conversation) -> None:
    proposal = await talk.proposal()
    failed = Outcome(Verdict.REFUSED, proposal, "the price went up to 61,000")
    [head, why] = approvals.told(talk.desk, await turn(talk), proposal, failed)
    assert head == bold("⛔ Not traded: the order did not go through.")
    assert why == "The price went up to 61,000."


@pytest.mark.parametrize("last", list(ProposalState))
async def test_every_state_has_words(talk: Conversation, last: ProposalState) -> None:
    made = await talk.proposal()
    wall = talk.world.clock.wall()
    proposal = replace(made, state=last, outcome="so it goes", resolved_at=wall)
    reader = cards.Reader(await talk.user(), wall, "Bob")
    card = cards.proposal_card(proposal, None, talk.world.rules, reader, redraw=True)
    assert bool(card.rows) is (last is S.PENDING)
    assert ("by Bob at 12:00" in card.words.plain()) is (last is not S.PENDING)
    assert any(span.style is Style.PRE for span in card.words.spans)


async def test_an_order_that_was_rejected_is_told(talk: Conversation) -> None:
    await talk.proposal()
    await talk.press("Approve")
    [order] = talk.world.orders
    assert order.state in {OrderState.OPEN, OrderState.SENDING, OrderState.FILLED}
