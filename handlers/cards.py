"""The card of a proposed trade: all that a person needs to say yes or no, and what came of it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from agents.domain.market import Instrument
from agents.domain.proposal import Plan, Proposal, ProposalState
from agents.domain.risk import TapRules
from agents.domain.user import User
from handlers import markers, numbers, tables, times
from handlers.chat import Button, Picture, Reply, Rows, Words, bold, italic, lines, pre, text

_REASON = 160  # characters of a reason on the card
RULES_ALONE = "rules"  # as stored in `advised_by` where no model was asked

_OUTCOMES = {
    ProposalState.APPROVED: "✅ Approved",
    ProposalState.ORDERED: "✅ Approved",
    ProposalState.FILLED: "✅ Approved",
    ProposalState.VETOED: "❌ Vetoed",
    ProposalState.EXPIRED: "⌛ Expired",
    ProposalState.REFUSED: "⛔ Refused",
    ProposalState.CANCELLED: "🚫 Cancelled",
}
_SENT = {
    ProposalState.APPROVED: "checking price and limits",
    ProposalState.ORDERED: "order on its way, not yet filled",
}


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads a card, and when in human time."""

    user: User
    wall: datetime
    resolver: str = ""  # who resolved the proposal, where that was somebody else
    votes: str = ""  # who voted on it, at a desk
    posted: bool = False  # a signal set it off: no candle brings it again


def card_name(proposal_id: int) -> str:
    return f"proposal:{proposal_id}"


def proposal_card(
    proposal: Proposal,
    instrument: Instrument | None,
    rules: TapRules,
    reader: Reader,
    *,
    redraw: bool = False,
) -> Reply:
    """The card as it is now. A redraw replaces it where it stands and keeps the picture, unless
    it waits with the numbers of a newer version."""
    waits = proposal.state is ProposalState.PENDING
    last = _waiting(proposal, instrument, rules, reader) if waits else outcome(proposal, reader)
    votes = (reader.votes,) if reader.votes else ()
    fresh = not redraw or (waits and proposal.version > 1)
    return Reply(
        words=lines(*_body(proposal, instrument), "", last, *votes),
        rows=proposal_buttons(proposal, posted=reader.posted) if waits else (),
        picture=_picture(proposal) if fresh else None,
        card=card_name(proposal.id),
        edits=redraw,
    )


def _picture(proposal: Proposal) -> Picture:
    facts = {"proposal_id": proposal.id, "version": proposal.version}
    return Picture("proposal", facts)


def proposal_buttons(proposal: Proposal, *, posted: bool = False) -> Rows:
    def button(label: str, verb: str) -> Button:
        return Button(label, verb, proposal.id, proposal.version)

    decide = (button("✅ Approve", "approve"), button("❌ Veto", "veto"))
    if proposal.runs_at is not None:
        decide = (button("❌ Veto", "veto"), button("✅ Approve now", "approve"))
    later = () if posted else (button("⏭ Next candle", "next_candle"),)
    return (
        decide,
        (button("✂️ Half size", "halve"), button("🛡 Tighter stop", "tighten")),
        (*later, button("🔎 Details", "details")),
    )


def title(proposal: Proposal) -> Words:
    """The first line: mode, side and symbol."""
    return bold(f"{markers.mode(proposal.mode)} · {markers.trade(proposal)}")


def _body(proposal: Proposal, instrument: Instrument | None) -> Iterator[Words | str]:
    yield title(proposal)
    yield italic(f"{proposal.strategy_name} · {proposal.timeframe} candle")
    yield pre(tables.labelled(_numbers(proposal, instrument)))
    yield _opinion(proposal)
    yield from (f"• {tables.clipped(reason, _REASON)}" for reason in proposal.reasons if reason)
    yield from (f"✎ {note}" for note in proposal.plan.notes)
    if proposal.changes:
        yield f"↻ Version {proposal.version}: {proposal.changes[-1]}"


def _numbers(proposal: Proposal, instrument: Instrument | None) -> list[tuple[str, str]]:
    plan, quote = proposal.plan, markers.quote(proposal.symbol)
    size = numbers.amount(plan.quantity, instrument)
    return [
        ("Entry", f"{numbers.price(plan.entry, instrument)} now"),
        ("Stop", f"{numbers.price(plan.stop, instrument)} {_away(plan, plan.stop)}"),
        *_targets(plan, instrument),
        *_trailing(plan, instrument),
        ("Size", f"{size} {markers.base(proposal.symbol)}"),
        ("", f"= {numbers.money(plan.notional)} {quote}"),
        ("Risk", f"{numbers.money(plan.risk)} {quote}"),
        ("", f"= {numbers.percent(proposal.risk_percent)} of equity"),
        *_margin(plan, instrument, quote),
    ]


def _margin(plan: Plan, instrument: Instrument | None, quote: str) -> Iterator[tuple[str, str]]:
    """Nothing where it is not leveraged."""
    if plan.leverage > 1 and plan.liquidation is not None:
        margin = numbers.money(plan.notional / plan.leverage)
        yield "Margin", f"{margin} {quote} at {plan.leverage}x"
        yield "", f"gone at {numbers.price(plan.liquidation, instrument)}"


def _targets(plan: Plan, instrument: Instrument | None) -> Iterator[tuple[str, str]]:
    """Each target with its R and, unless it closes everything, its share."""
    if not plan.targets:
        yield "Target", "none, exit by rule or stop"
    for target in plan.targets:
        share = "" if target.share == 1 else f" · {numbers.fraction(target.share)}"
        at = numbers.price(target.price, instrument)
        yield "Target", f"{at} {numbers.distance(plan.r_multiple(target.price))}{share}"


def _trailing(plan: Plan, instrument: Instrument | None) -> Iterator[tuple[str, str]]:
    trail = plan.trailing
    if trail.percent is not None:
        yield "Trail", f"{numbers.percent(trail.percent)} behind the best"
    elif trail.distance is not None:
        yield "Trail", f"{numbers.price(trail.distance, instrument)} behind"
    if trail.breakeven_r is not None:
        yield "", f"break-even after {numbers.distance(trail.breakeven_r)}"


def _away(plan: Plan, price: Decimal) -> str:
    """How far a price is from the entry, in percent with its sign."""
    change = (price - plan.entry) / plan.entry * 100
    return ("+" if change > 0 else "") + numbers.percent(change)


def _opinion(proposal: Proposal) -> Words:
    if proposal.advised_by == RULES_ALONE or not proposal.advised_by:
        return text("Confidence: rules only, no model.")
    sure = proposal.confidence
    share = numbers.fraction(round(sure, 2)) if sure is not None else "not stated"
    return text(f"Confidence: {share} ({proposal.advised_by})")


def _waiting(
    proposal: Proposal, instrument: Instrument | None, rules: TapRules, reader: Reader
) -> Words:
    plan = proposal.plan
    until = times.moment(proposal.expires_at, reader.user.zone, reader.wall)
    room = numbers.price(plan.risk_per_unit * rules.price_tolerance, instrument)
    part = numbers.fraction(rules.price_tolerance)
    if proposal.runs_at is not None:
        return lines(
            *_running(proposal, reader),
            f"If the price has moved more than {room} ({part} of the stop distance) by then, I ask "
            "instead.",
        )
    why = proposal.course.why
    return lines(
        *([f"🙋 Asks you: {why}."] if why else []),
        f"⏳ Expires in {times.countdown(proposal.expires_at - reader.wall)}, at {until}.",
        f"If the price has moved more than {room} ({part} of the stop distance) by your tap, "
        "I ask again.",
    )


def _running(proposal: Proposal, reader: Reader) -> Iterator[Words]:
    """When it runs by itself, and by which rule."""
    runs_at = proposal.runs_at or reader.wall
    left, rule = runs_at - reader.wall, proposal.course.why
    if left.total_seconds() < 1:
        yield bold("🤖 Runs by itself now") + text(f" ({rule}).")
        return
    at = times.moment(runs_at, reader.user.zone, reader.wall)
    yield bold(f"⏱ Runs in {times.countdown(left)} unless vetoed") + text(f", at {at} ({rule}).")


def waits(proposal: Proposal, wall: datetime) -> str:
    """What a pending proposal waits for, in a few words."""
    if proposal.runs_at is not None:
        return f"runs in {times.countdown(proposal.runs_at - wall)} unless vetoed"
    return f"expires in {times.countdown(proposal.expires_at - wall)}"


def outcome(proposal: Proposal, reader: Reader) -> Words:
    """What became of a proposal, who decided it, and when, in one line."""
    if proposal.state is ProposalState.PENDING:
        if proposal.runs_at is not None:
            return next(_running(proposal, reader))
        left = times.countdown(proposal.expires_at - reader.wall)
        return bold(f"⏳ Waits for you, {left} left")
    word = "🤖 Ran by itself" if proposal.by_itself else _OUTCOMES[proposal.state]
    who = f" by {reader.resolver}" if reader.resolver else ""
    at = proposal.resolved_at
    when = f" at {times.moment(at, reader.user.zone, reader.wall)}" if at else ""
    return bold(f"{word}{who}{when}") + text(_after(proposal))


def _after(proposal: Proposal) -> str:
    rule = f" · {proposal.course.why}" if proposal.by_itself else ""
    if said := _SENT.get(proposal.state):
        return f"{rule} · {said}"
    if proposal.state is ProposalState.VETOED:
        return f" · {proposal.veto_reason}" if proposal.veto_reason else ""
    if proposal.state is ProposalState.EXPIRED or not proposal.outcome:
        return rule
    return f"{rule} · {proposal.outcome}"
