"""The buttons of a receipt: Adopt asks for a stop, Close for a Yes, Ignore is done at once."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from agents.domain.errors import AskUser
from agents.domain.position import Position
from agents.domain.strategy import Mode
from agents.domain.venue import Finding, FindingKind
from agents.execution.leaving.hands import HandVerdict
from agents.execution.telling import position_card
from agents.execution.venues.adopting import Offer
from agents.execution.venues.writing_off import Closure
from handlers import confirm, dialogue, markers, numbers, saying, texts, times, trades
from handlers.chat import Reply, Words, bold, lines
from handlers.desk import Desk
from handlers.receipt import described, truth_of
from handlers.turn import Answer, Turn

ADOPT = "adopt"  # the dialogue that waits for a stop
CLOSE = "close_found"  # act of the table of acts
_STOPS = (1, 2, 5)  # percent from the price


# --- adopting -----------------------------------------------------------------------------------


async def adopt(desk: Desk, turn: Turn) -> Answer:
    """Adopt was tapped: ask where the stop shall be."""
    tap = turn.tap
    offer = await truth_of(desk).adopting.offer(turn.user.id, tap.id, tap.version)
    stops = {percent: offer.stop(Decimal(percent)) for percent in _STOPS}
    facts = {
        "finding": tap.id,
        "version": tap.version,
        "stops": {str(percent): str(stop) for percent, stop in stops.items()},
    }
    step = await dialogue.ask(desk, turn, ADOPT, facts)
    shown = {percent: numbers.price(stop, offer.instrument) for percent, stop in stops.items()}
    return [
        Reply(
            _question(offer),
            (
                *((step.button(f"🛡 {one}%: {shown[one]}", "adopt_stop", one),) for one in _STOPS),
                (step.button("🚫 No", "no"),),
            ),
        )
    ]


def _question(offer: Offer) -> Words:
    finding, instrument = offer.finding, offer.instrument
    size = f"{numbers.amount(finding.quantity, instrument)} {instrument.base}"
    price, entry = (numbers.price(one, instrument) for one in (offer.price, offer.entry))
    exchange = markers.exchange(offer.exchange)
    came = (
        f"{exchange} says it was opened at {entry}; the price is {price} now."
        if offer.entry_known
        else f"{exchange} keeps no entry price of coins, so it counts from now: {price}."
    )
    danger = (
        [f"It would be liquidated at {numbers.price(offer.liquidation, instrument)}."]
        if offer.liquidation
        else []
    )
    return lines(
        bold(f"📥 Take over {finding.side.upper()} {size}?"),
        came,
        *danger,
        f"It becomes a trade of yours here ({markers.mode(Mode.LIVE)}) with /close, notices and a "
        "stop at the exchange.",
        "Where shall its stop be? Tap one, or write a price.",
    )


async def stop_tapped(desk: Desk, turn: Turn) -> Answer:
    step = await dialogue.answered(desk, turn)
    stop = step and step.kind == ADOPT and step.facts["stops"].get(str(turn.tap.version))
    if not step or not stop:
        return [confirm.agreed(texts.OVER)]
    return await _adopted(desk, turn, step.facts, Decimal(stop), edits=True)


async def stop_said(desk: Desk, turn: Turn, step: dialogue.Step) -> Answer:
    """A price was written; one that can't be a stop leaves the question open."""
    stop = saying.money(turn.words)
    if stop is None:
        raise AskUser("I need a price for the stop, like 59400. /cancel leaves it all as it is.")
    answer = await _adopted(desk, turn, step.facts, stop, edits=False)
    await dialogue.end(desk, turn)
    return answer


async def _adopted(
    desk: Desk, turn: Turn, facts: Mapping[str, Any], stop: Decimal, *, edits: bool
) -> Answer:
    position, offer = await truth_of(desk).adopting.adopt(
        turn.user.id, facts["finding"], facts["version"], stop
    )
    words = lines(
        bold(f"📥 Taken over: #{position.id} {markers.trade(position)}"),
        trades.at_a_glance(position, offer.price, offer.instrument, desk.clock.now()),
        "Its strategy is paused and opens nothing.",
    )
    rows = trades.close_buttons(position)
    card = position_card(position.id)
    shown = Reply(words, rows, card=card)
    return [confirm.agreed("📥 Taken over."), shown] if edits else [shown]


# --- closing ------------------------------------------------------------------------------------


async def close(desk: Desk, turn: Turn) -> Answer:
    """Close was tapped: say what that would do, and ask."""
    tap = turn.tap
    finding = await truth_of(desk).adopting.waiting(turn.user.id, tap.id, tap.version)
    facts = {"finding": tap.id, "version": tap.version, "kind": str(finding.kind)}
    words, yes = await _would_close(desk, turn, finding)
    return await confirm.ask(desk, turn, CLOSE, facts, words, yes)


async def _would_close(desk: Desk, turn: Turn, finding: Finding) -> tuple[Words, str]:
    if finding.kind is FindingKind.MISSING:
        closure = await truth_of(desk).writing_off.closure(
            turn.user.id, finding.id, finding.version
        )
        return await _would_book(desk, turn, closure), "✖️ Yes, book it"
    said = described(finding, await desk.instrument(finding.symbol))
    if finding.kind is FindingKind.ORDER:
        return lines(bold("✖️ Cancel this order at the exchange?"), said), "✖️ Yes, cancel it"
    what = "Sell it" if finding.side == "long" else "Buy it back"
    title = bold(f"✖️ {what} at the market, with real money?")
    return lines(title, said), "✖️ Yes, close it"


async def _would_book(desk: Desk, turn: Turn, closure: Closure) -> Words:
    position, instrument = closure.position, await desk.instrument(closure.position.symbol)
    size = f"{numbers.amount(closure.quantity, instrument)} {markers.base(position.symbol)}"
    price = numbers.price(closure.price, instrument)
    title = bold(f"✖️ Book {size} of #{position.id} {markers.trade(position)} as closed?")
    return lines(title, f"{_found(turn, desk, closure)} at {price}.", "Nothing is sent.")


def _found(turn: Turn, desk: Desk, closure: Closure) -> str:
    """Where the price comes from."""
    if not closure.traded:
        return "Your account's history shows no trade that closed it, so it counts"
    last = max(fill.at for fill in closure.fills)
    at = times.moment(last, turn.user.zone, desk.clock.wall())
    if closure.traded < closure.quantity:
        return f"Your account's history explains a part of it (until {at}); all together it counts"
    return f"Your account's history shows the trade that closed it, {at},"


async def close_now(desk: Desk, turn: Turn, facts: Mapping[str, Any]) -> Answer:
    """Yes to closing."""
    truth, owner = truth_of(desk), turn.user.id
    number, version = facts["finding"], facts["version"]
    if facts["kind"] == FindingKind.MISSING:
        closure = await truth.writing_off.book(owner, number, version)
        return [confirm.agreed(f"✅ #{closure.position.id} is booked; the message follows.")]
    if facts["kind"] == FindingKind.ORDER:
        await truth.adopting.cancel_order(owner, number, version)
        return [confirm.agreed("✅ The order is cancelled.")]
    outcome = await truth.adopting.close(owner, number, version)
    if outcome.verdict is HandVerdict.REFUSED:
        return [confirm.agreed(_not_closed(outcome.position, outcome.reason))]
    return [confirm.agreed("✖️ The order that closes it is sent. The fill is told here.")]


def _not_closed(position: Position | None, why: str) -> str:
    name = f"#{position.id}" if position else "It"
    return (
        f"⛔ It was not closed: {why}. {name} is a trade here now, with a stop 5% away; "
        "/close tries again."
    )


# --- ignoring -----------------------------------------------------------------------------------


async def ignore(desk: Desk, turn: Turn) -> Answer:
    tap = turn.tap
    finding = await truth_of(desk).adopting.ignore(turn.user.id, tap.id, tap.version)
    said = {
        FindingKind.POSITION: "It stays as it is, and I ask again only if its size changes.",
        FindingKind.HOLDING: "These coins are your own from now on; no trade here touches them.",
        FindingKind.ORDER: "That order stays as it is.",
        FindingKind.MISSING: "Left as it is. /receipt shows whether new trades stay off for it.",
    }
    return [texts.said(f"🙈 {said[finding.kind]}")]
