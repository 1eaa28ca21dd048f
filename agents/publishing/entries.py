"""What a record says of a signal: facts of the trade that anybody may know.

Prices, shares and multiples only; sizes, balances and names of accounts never come in here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

from agents.domain.order import OrderIntent, OrderPurpose, OrderState
from agents.domain.position import Position
from agents.domain.proposal import Plan, Proposal, ProposalState
from agents.domain.publishing import Signal, SignalState
from agents.domain.record import RecordKind

NOT_TAKEN = frozenset(
    {
        ProposalState.VETOED,
        ProposalState.EXPIRED,
        ProposalState.REFUSED,
        ProposalState.CANCELLED,
    }
)
BY_HAND = "by hand"
NEW_LEVELS = "new levels before the entry"
_R_STEP = Decimal("0.0001")
_SHARE_STEP = Decimal("0.0001")
_TRAILED = ("trailing stop", "break-even stop")


@dataclass(frozen=True, slots=True)
class Happening:
    """An entry of the record to be. `name` is what makes its key within the signal; `state` the
    signal's afterwards; `changes` those of its facts."""

    kind: RecordKind
    name: str
    body: Mapping[str, Any]
    state: SignalState
    changes: Mapping[str, Any]


def levels(proposal: Proposal, leverage: int) -> dict[str, Any]:
    """The body of a signal's first entry, but for its number."""
    return {
        "symbol": proposal.symbol,
        "side": proposal.plan.side.value,
        **prices(proposal.plan),
        "leverage": leverage,
        "timeframe": proposal.timeframe,
        "mode": proposal.mode.value,
        "confidence": _confidence(proposal),
        "trailing": _trailing(proposal.plan),
        "candle": proposal.closed.isoformat(),
    }


def prices(plan: Plan) -> dict[str, Any]:
    return {
        "entry": _text(plan.entry),
        "stop": _text(plan.stop),
        "targets": [[_text(target.price), _text(target.share)] for target in plan.targets],
    }


def _confidence(proposal: Proposal) -> str | None:
    sure = proposal.confidence
    return None if sure is None else _text(Decimal(str(round(sure, 2))))


def _trailing(plan: Plan) -> dict[str, str]:
    trail = plan.trailing
    said = {
        "percent": trail.percent,
        "distance": trail.distance,
        "breakeven_r": trail.breakeven_r,
    }
    return {name: _text(value) for name, value in said.items() if value is not None}


# --- what follows -------------------------------------------------------------------------------


def filled(signal: Signal, price: Decimal) -> list[Happening]:
    """Its first fill; of the others nothing is said."""
    if signal.state not in (SignalState.WAITING, SignalState.NOT_TAKEN):
        return []
    body = {"price": _text(price)}
    return [Happening(RecordKind.FILLED, "filled", body, SignalState.FILLED, {})]


def not_taken(signal: Signal, state: ProposalState) -> list[Happening]:
    if signal.state is not SignalState.WAITING:
        return []
    body = {"reason": state.value}
    return [Happening(RecordKind.NOT_TAKEN, "not_taken", body, SignalState.NOT_TAKEN, {})]


def changed(signal: Signal, proposal: Proposal) -> list[Happening]:
    """Other levels than those that stand in the post, before the trade: its card was edited, or
    asks again with new prices."""
    now, known = prices(proposal.plan), present(signal)
    if signal.state is not SignalState.WAITING or all(known[name] == now[name] for name in now):
        return []
    body, stop = {"text": NEW_LEVELS, **now}, {"stop": now["stop"]}
    name = f"v{proposal.version}"
    return [Happening(RecordKind.CORRECTION, name, body, SignalState.WAITING, stop)]


def present(signal: Signal, story: int | None = None) -> dict[str, Any]:
    """The levels as they stand after the first `story` follow-ups, or after all of them."""
    levels = dict(signal.facts["levels"])
    for kind, body in signal.facts["story"][:story]:
        if kind == RecordKind.CORRECTION:
            levels |= {name: body[name] for name in ("entry", "stop", "targets") if name in body}
    return levels


def stop_moved(signal: Signal, stop: Decimal) -> list[Happening]:
    """Nothing where the stop is known to be there."""
    if signal.state is not SignalState.FILLED or Decimal(signal.facts["stop"]) == stop:
        return []
    body = {"stop": _text(stop)}
    name = f"stop:{_text(stop)}"
    return [Happening(RecordKind.STOP_MOVED, name, body, SignalState.FILLED, {"stop": _text(stop)})]


def reduced(
    signal: Signal, intent: OrderIntent, price: Decimal, position: Position
) -> list[Happening]:
    """A part was closed: at a target, told once however many fills it took, or by hand (target 0),
    told when that order is filled. A stop that is filled in parts is told when all is closed."""
    if signal.state is not SignalState.FILLED:
        return []
    which = target_of(signal, intent)
    body: dict[str, Any] = {"target": which, "price": _text(price)}
    if which:
        name, share = f"target:{which}", _targets(signal)[which - 1][1]
    elif intent.purpose is OrderPurpose.CLOSE and intent.state is OrderState.FILLED:
        name, body["reason"] = f"part:{intent.client_id}", BY_HAND
        share = _text((intent.quantity / position.entered).quantize(_SHARE_STEP))
    else:
        return []
    told = {**body, "share": share}
    return [Happening(RecordKind.TARGET, name, told, SignalState.FILLED, {})]


def closed(
    signal: Signal, intent: OrderIntent, price: Decimal, position: Position
) -> list[Happening]:
    """All of it; `price` is the last fill's, `r` of the whole trade after fees."""
    if signal.state is not SignalState.FILLED:
        return []
    body = {
        "price": _text(price),
        "entry": _text(position.entry_price),
        "exit": _text(position.exit_price or price),
        "r": _text(position.r_multiple().quantize(_R_STEP, ROUND_HALF_EVEN)),
        "reason": _reason(signal, intent, position),
    }
    return [Happening(RecordKind.CLOSED, "closed", body, SignalState.CLOSED, {})]


def target_of(signal: Signal, intent: OrderIntent) -> int:
    """Which target an order closes at, from 1; 0 when it is none of the published ones."""
    if intent.purpose is not OrderPurpose.TARGET or intent.trigger is None:
        return 0
    published = [Decimal(price) for price, _ in _targets(signal)]
    return published.index(intent.trigger) + 1 if intent.trigger in published else 0


def _targets(signal: Signal) -> Sequence[Sequence[str]]:
    found: Sequence[Sequence[str]] = present(signal)["targets"]
    return found


def _reason(signal: Signal, intent: OrderIntent, position: Position) -> str:
    if intent.purpose is OrderPurpose.TARGET:
        alone = len(_targets(signal)) == 1
        return "target" if alone else f"target {target_of(signal, intent)}"
    if intent.purpose is OrderPurpose.STOP:
        said = (kind for kind in _TRAILED if position.exit_reason.startswith(kind))
        return next(said, "stop")
    if intent.purpose is OrderPurpose.LIQUIDATION:
        return "liquidated"
    return "exit rule" if intent.purpose is OrderPurpose.RULE_EXIT else BY_HAND


def _text(value: Decimal) -> str:
    """One text for one value: no exponent, no zeros at the end."""
    return format(value.normalize(), "f")
