"""By which ids a log line says what it is about, from a decision to its last fill.

    decision  what was decided at a candle     order   the client order id, known to the exchange
    proposal  the one that came of it          intent  the order's key, which says its cause
    position  the trade that came of that      trade   the exchange's own number of a fill

A decision has at most one proposal, and that one position: a line about an order or a position
names the proposal, and the lines that make a proposal, its entry and its fills name both.
"""

from agents.domain.decision import Decision
from agents.domain.order import BrokerOrder, Fill, OrderIntent
from agents.domain.position import Position
from agents.domain.proposal import Proposal

Subject = Decision | Proposal | OrderIntent | Position | Fill | BrokerOrder
_ORDER = ("decision", "proposal", "position", "strategy", "owner", "order", "intent", "trade")


def ids(*subjects: Subject | None) -> dict[str, object]:
    """As `extra` of a log call, always in the same order. What is not known is left out, and of
    several subjects the first that knows an id gives it."""
    found: dict[str, object] = {}
    for subject in subjects:
        for name, value in _ids(subject).items():
            found[name] = found.get(name) or value
    return {name: found[name] for name in _ORDER if found.get(name)}


def _ids(subject: Subject | None) -> dict[str, object]:
    if isinstance(subject, Fill):
        return {"order": subject.client_id, "trade": subject.trade_id}
    if isinstance(subject, BrokerOrder):
        return {"order": subject.client_id}
    if subject is None:
        return {}
    return {**_own(subject), "strategy": subject.strategy_id, "owner": subject.owner_id}


def _own(subject: Decision | Proposal | OrderIntent | Position) -> dict[str, object]:
    if isinstance(subject, Decision):
        return {"decision": subject.id}
    if isinstance(subject, Proposal):
        return {"decision": subject.decision_id, "proposal": subject.id}
    if isinstance(subject, Position):
        return {"proposal": subject.proposal_id, "position": subject.id}
    return {
        "proposal": subject.proposal_id,
        "position": subject.position_id,
        "order": subject.client_id,
        "intent": subject.key,
    }


def what(intent: OrderIntent) -> dict[str, object]:
    """What goes out with an order, for the line that says so."""
    told: dict[str, object] = {
        "purpose": intent.purpose,
        "mode": intent.mode,
        "symbol": intent.symbol,
        "side": intent.side,
        "quantity": f"{intent.quantity:f}",
    }
    return told | ({"at": f"{intent.price:f}"} if intent.rests and intent.price else {})
