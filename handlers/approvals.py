"""Taps on a proposal's card, and what is true after each."""

from collections.abc import Callable, Mapping, Sequence

from agents.domain.errors import NotFound
from agents.domain.proposal import Proposal, ProposalState, VetoReason
from agents.execution.proposals.outcomes import Outcome, Verdict
from handlers import ballots, cards, markers, numbers, paging, seats, tables, texts, times, why
from handlers.chat import Button, Reply, Rows, Words, bold, lines, text
from handlers.desk import Desk
from handlers.turn import Answer, Turn

VETO_VERBS = {f"veto_{reason.name.lower()}": reason for reason in VetoReason}
_REASON_SIGNS = {
    VetoReason.TOO_RISKY: "🎲 Too risky",
    VetoReason.BAD_TIMING: "🕰 Bad timing",
    VetoReason.NOT_THIS_COIN: "🪙 Not this coin",
    VetoReason.OTHER: "💬 Other",
}
WAITING = (ProposalState.PENDING, ProposalState.APPROVED, ProposalState.ORDERED)
_PER_PAGE = 6
_AT_ONCE = 190  # characters that every platform shows with an acknowledgement


# --- taps ---------------------------------------------------------------------------------------


async def approve(desk: Desk, turn: Turn) -> Answer:
    await _without_the_gone(desk, turn)
    outcome = await desk.approvals.approve(*_mine(turn), turn.incoming.sent_at, by=turn.person.id)
    # An approval that went through redraws every card by itself, and the fill is told.
    return [] if outcome.done else await _told(desk, turn, outcome)


async def _without_the_gone(desk: Desk, turn: Turn) -> None:
    """Before a vote: the earlier ones count of those only who are still there."""
    if turn.group is not None:
        await seats.without_the_gone(desk, turn.group, turn.tap.id, turn.tap.version)


def _mine(turn: Turn) -> tuple[int, int, int]:
    """Owner, proposal and version of a tap."""
    return turn.user.id, turn.tap.id, turn.tap.version


async def halve(desk: Desk, turn: Turn) -> Answer:
    outcome = await desk.approvals.halve(*_mine(turn), by=turn.person.id)
    return [] if outcome.done else await _told(desk, turn, outcome)


async def tighten(desk: Desk, turn: Turn) -> Answer:
    outcome = await desk.approvals.tighten(*_mine(turn), by=turn.person.id)
    return [] if outcome.done else await _told(desk, turn, outcome)


async def next_candle(desk: Desk, turn: Turn) -> Answer:
    """Not now: this card ends, and the next candle makes a new one if its rules pass."""
    if await desk.memory.heard.of_proposal(turn.user.id, turn.tap.id) is not None:
        return [
            texts.said(
                "A signal set this off, and no candle brings it again: approve it or veto it."
            )
        ]
    outcome = await desk.approvals.next_candle(*_mine(turn), by=turn.person.id)
    return [] if outcome.done else await _told(desk, turn, outcome)


async def veto(desk: Desk, turn: Turn) -> Answer:
    await _without_the_gone(desk, turn)
    outcome = await desk.approvals.veto(*_mine(turn), by=turn.person.id)
    if not outcome.done or outcome.proposal is None:
        return await _told(desk, turn, outcome)
    return [_why_vetoed(outcome.proposal)]


def _why_vetoed(proposal: Proposal) -> Reply:
    return Reply(
        lines(
            bold(f"❌ Vetoed {markers.trade(proposal)}."),
            "What was wrong with it? One tap helps the next proposal; no answer is fine too.",
        ),
        rows=_reason_rows(proposal),
        replies_to=cards.card_name(proposal.id),
    )


def _reason_rows(proposal: Proposal) -> Rows:
    return paging.rows_of(
        Button(_REASON_SIGNS[reason], verb, proposal.id, proposal.version)
        for verb, reason in VETO_VERBS.items()
    )


async def veto_reason(desk: Desk, turn: Turn) -> Answer:
    reason = VETO_VERBS[turn.tap.verb]
    by = turn.person.id
    outcome = await desk.approvals.veto_reason(turn.user.id, turn.tap.id, reason, by=by)
    if not outcome.done or outcome.proposal is None:
        return await _told(desk, turn, outcome)
    said = f"❌ Vetoed {markers.trade(outcome.proposal)}: {reason}. Noted."
    return [Reply(text(said), edits=True), await redrawn(desk, turn, outcome.proposal)]


async def details(desk: Desk, turn: Turn) -> Answer:
    """Everything behind a proposal."""
    proposal = await desk.memory.proposals.get(turn.user.id, turn.tap.id)
    return [await why.of_proposal(desk, turn, proposal)]


async def overtaken(desk: Desk, turn: Turn) -> str:
    """What a tap on a desk's card is told at once where it can't count; empty where it may."""
    try:
        proposal = await desk.memory.proposals.get(turn.user.id, turn.tap.id)
    except NotFound:
        return ""
    if proposal.state is not ProposalState.PENDING:
        said = cards.outcome(proposal, await ballots.reader(desk, turn.user, proposal)).plain()
        return tables.clipped(f"Nothing was changed. {said}", _AT_ONCE)
    if proposal.expires_at <= desk.clock.wall():
        return "It has expired; nothing was changed."
    if proposal.version != turn.tap.version:
        return "That button is of an older version: look at the new numbers and tap again."
    return ""


# --- lists --------------------------------------------------------------------------------------


async def listed(desk: Desk, turn: Turn) -> Answer:
    """/proposals: those that wait, and below them the latest outcomes."""
    return [await _page(desk, turn, 0)]


async def page(desk: Desk, turn: Turn) -> Answer:
    return [await _page(desk, turn, turn.tap.id, turned=True)]


async def _page(desk: Desk, turn: Turn, number: int, *, turned: bool = False) -> Reply:
    found = await desk.memory.proposals.of(turn.user.id, limit=60)
    if not found:
        return texts.said(
            "There are no proposals yet. An active strategy makes one when its rules pass; "
            "/status shows how near they are."
        )
    order = sorted(found, key=lambda item: item.state is not ProposalState.PENDING)
    number = paging.page_number(number, -(-len(order) // _PER_PAGE))
    here = order[number * _PER_PAGE : (number + 1) * _PER_PAGE]
    waiting = sum(item.state is ProposalState.PENDING for item in found)
    return paging.paged(
        f"Proposals ({waiting} waiting)",
        [_line(desk, turn, item) for item in order],
        "proposals",
        number,
        per_page=_PER_PAGE,
        rows=_openers([item for item in here if item.state is ProposalState.PENDING]),
        turned=turned,
    )


def _line(desk: Desk, turn: Turn, proposal: Proposal) -> Words:
    wall = desk.clock.wall()
    if proposal.state is ProposalState.PENDING:
        state = f"⏳ {cards.waits(proposal, wall)}"
    else:
        made = times.moment(proposal.created_at, turn.user.zone, wall)
        state = f"{proposal.state} · {made}"
    risk = numbers.money(proposal.plan.risk)
    return lines(
        bold(f"#{proposal.id} {markers.trade(proposal)}") + text(f" · {proposal.mode}"),
        f"   {state} · risk {risk} {markers.quote(proposal.symbol)}",
    )


def _openers(waiting: list[Proposal]) -> Rows:
    return paging.rows_of(
        Button(f"🔎 #{item.id} {markers.trade(item)}", "proposal", item.id) for item in waiting
    )


async def opened(desk: Desk, turn: Turn) -> Answer:
    """The card anew, at the end of the conversation."""
    proposal = await desk.memory.proposals.get(turn.user.id, turn.tap.id)
    return [await card(desk, turn, proposal)]


async def card(desk: Desk, turn: Turn, proposal: Proposal) -> Reply:
    instrument = await desk.instrument(proposal.symbol)
    reader = await ballots.reader(desk, turn.user, proposal)
    return cards.proposal_card(proposal, instrument, desk.tap_rules, reader)


async def redrawn(desk: Desk, turn: Turn, proposal: Proposal) -> Reply:
    """The card where it stands, as it is now."""
    instrument = await desk.instrument(proposal.symbol)
    reader = await ballots.reader(desk, turn.user, proposal)
    return cards.proposal_card(proposal, instrument, desk.tap_rules, reader, redraw=True)


def reader(desk: Desk, turn: Turn) -> cards.Reader:
    return cards.Reader(turn.user, desk.clock.wall())


# --- what is true -------------------------------------------------------------------------------


async def _told(desk: Desk, turn: Turn, outcome: Outcome) -> Answer:
    """Why the tap did not do what it says, and the card as it is now."""
    if outcome.verdict in _SILENT or (turn.group and outcome.verdict in _SAID_AT_ONCE):
        return []
    if outcome.proposal is None:
        raise NotFound("There is no such proposal, or it is not yours.")
    said = Reply(
        lines(*told(desk, turn, outcome.proposal, outcome)),
        replies_to=cards.card_name(outcome.proposal.id),
    )
    return [await redrawn(desk, turn, outcome.proposal), said]


def told(desk: Desk, turn: Turn, proposal: Proposal, outcome: Outcome) -> list[Words | str]:
    """One or two lines for an outcome that is not done."""
    if outcome.verdict is Verdict.ALREADY and not outcome.reason:
        said = f"Nothing was changed: {_name(proposal)} has its outcome."
        return [said, cards.outcome(proposal, reader(desk, turn))]
    return list(_SAID[outcome.verdict](proposal, outcome))


def _name(proposal: Proposal) -> str:
    return f"#{proposal.id} {markers.trade(proposal)}"


# The cards show the vote; and who has no right was told so with the acknowledgement.
_SILENT = frozenset({Verdict.VOTED, Verdict.NO_RIGHT})
# In a group all of them tap, and only who came too late is told so: see `overtaken`.
_SAID_AT_ONCE = frozenset({Verdict.ALREADY, Verdict.EXPIRED, Verdict.STALE_VERSION})
_NO_ORDER = "⛔ Not traded: the order did not go through."
_Said = Callable[[Proposal, Outcome], Sequence[Words | str]]
_SAID: Mapping[Verdict, _Said] = {
    Verdict.DONE: lambda one, _: [f"{_name(one)}: done."],
    Verdict.ALREADY: lambda one, outcome: [f"{_name(one)}: {outcome.reason}."],
    Verdict.EXPIRED: lambda one, _: [f"⌛ {_name(one)} has expired, so nothing was traded."],
    Verdict.STALE_VERSION: lambda one, _: [
        f"That button was of an older version; {_name(one)} is now version {one.version}.",
        "Nothing was traded. Look at the new numbers and tap again.",
    ],
    Verdict.NOT_FOUND: lambda one, _: ["There is no such proposal, or it is not yours."],
    Verdict.ASKS_AGAIN: lambda one, outcome: [
        bold(f"↻ Not traded: {outcome.reason}."),
        f"The card of {_name(one)} has the new numbers. Approve again if you still want it.",
    ],
    Verdict.REFUSED: lambda one, outcome: [
        bold(f"⛔ Refused by the limit “{outcome.rule}”." if outcome.rule else _NO_ORDER),
        texts.sentence(outcome.reason or f"{_name(one)} is over"),
    ],
    Verdict.NO_PRICE: lambda one, outcome: [
        f"⏸ Not traded: {texts.sentence(outcome.reason)}",
        f"{_name(one)} still waits; tap again in a while.",
    ],
    Verdict.VOTED: lambda one, _: [f"Your vote on {_name(one)} is counted; more are needed."],
    Verdict.NO_RIGHT: lambda one, _: [f"You may not vote on {_name(one)}."],
    Verdict.TOO_OLD: lambda one, _: [
        f"🕰 That tap came too late to trade on. {_name(one)} still waits; tap again."
    ],
}
