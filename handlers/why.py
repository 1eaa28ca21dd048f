"""/why: what was seen, which condition was true or not, and what came of it."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from agents.decision.pillars import STOP_DISTANCE, higher_of, judged
from agents.decision.rules import Rule, parse_rule
from agents.decision.rules.tree import Between, Comparison, Leaf, Number, Operand, Value, leaves
from agents.domain.decision import Action, Decision
from agents.domain.errors import NotFound, ParleyError, RuleError
from agents.domain.heard import Heard
from agents.domain.position import Position, PositionState
from agents.domain.proposal import Proposal
from agents.domain.strategy import RunKind, Side, Strategy, StrategySpec, StrategyState
from agents.domain.symbols import resolve
from agents.signals.verdicts import pillar_lines
from handlers import cards, markers, numbers, tables, texts, times
from handlers.chat import Reply, Words, bold, italic, lines, pre
from handlers.desk import Desk
from handlers.turn import Answer, Turn

_LATEST = 5  # decisions shown of a symbol
_LOOKED_AT = 400  # decisions among which those of a symbol are sought
_LARGEST = 2**31 - 1  # of a proposal's number
_REASON = 200  # characters
_VALUES = 12  # conditions shown
_SIGNAL = 600  # characters of a signal's text

_ACTIONS = {
    Action.ENTER_LONG: "🟢 proposed a long",
    Action.ENTER_SHORT: "🔻 proposed a short",
    Action.EXIT: "🚪 left the position",
    Action.MANAGE: "🛠 managed the position",
    Action.HOLD: "◻️ held",
    Action.BLOCKED: "⛔ was blocked",
    Action.MISSED: "🕳 was missed",
}
_TRUTHS = {
    "<": lambda left, right: left < right,
    "<=": lambda left, right: left <= right,
    ">": lambda left, right: left > right,
    ">=": lambda left, right: left >= right,
}
_MARKS = {True: "✅", False: "❌", None: "•"}


async def why(desk: Desk, turn: Turn) -> Answer:
    """/why, /why SYMBOL, or /why and the number of a proposal."""
    said = turn.words.strip().lstrip("#")
    if not said:
        return [await _latest(desk, turn)]
    if said.isdecimal():
        proposal = await _proposal(desk, turn, int(said))
        return [await of_proposal(desk, turn, proposal)]
    return [await _of_symbol(desk, turn, said)]


async def _proposal(desk: Desk, turn: Turn, number: int) -> Proposal:
    try:
        return await desk.memory.proposals.get(turn.user.id, min(number, _LARGEST))
    except NotFound:
        message = f"You have no proposal #{texts.echo(str(number))}; /proposals lists them."
        raise NotFound(message) from None


# --- strategies and symbols ---------------------------------------------------------------------


async def _latest(desk: Desk, turn: Turn) -> Reply:
    """The last decision of each active strategy."""
    active = await desk.memory.strategies.of(turn.user.id, (StrategyState.ACTIVE,))
    if not active:
        return texts.said("No strategy is active, so nothing was decided. /strategies lists yours.")
    parts: list[Words | str] = [bold("The last decision of each strategy")]
    for strategy in active:
        recent = await desk.memory.decisions.recent(turn.user.id, strategy.id, 1)
        parts.append(bold(f"#{strategy.number} {strategy.name}"))
        parts += [_line(desk, turn, one) for one in recent] or [_nothing_yet(strategy)]
    parts.append("/why BTC or /why and a proposal's number tell more.")
    return texts.said(*parts)


def _nothing_yet(strategy: Strategy) -> str:
    if strategy.run is RunKind.ON_SIGNAL:
        return "No signal was judged by it yet; /listen shows what came."
    return "No candle has closed for it yet."


async def _of_symbol(desk: Desk, turn: Turn, said: str) -> Reply:
    """The last decisions about a symbol, and what was seen at the newest."""
    symbol = resolve(said, await desk.universe()).symbol
    found: list[tuple[Decision, Strategy]] = []
    for strategy in await desk.memory.strategies.of(turn.user.id):
        if strategy.spec.takes(symbol):
            recent = await desk.memory.decisions.recent(turn.user.id, strategy.id, _LOOKED_AT)
            found += [(one, strategy) for one in recent if one.symbol == symbol][:_LATEST]
    if not found:
        return texts.said(f"Nothing was decided about {symbol} yet.")
    found.sort(key=lambda pair: pair[0].closed, reverse=True)
    newest, strategy = found[0]
    seen = await _seen(desk, turn, newest)
    parts = [_line(desk, turn, one) for one, _ in found[:_LATEST]]
    title = bold(f"Why {symbol} · #{strategy.number} {strategy.name}")
    return texts.said(title, *parts, *seen)


def _line(desk: Desk, turn: Turn, decision: Decision) -> str:
    """`12:05 BTC/USDT ◻️ held: rsi(14) 41.2, waits for < 35`."""
    at = times.moment(decision.closed, turn.user.zone, desk.clock.now())
    reason = f": {tables.clipped(decision.reason, _REASON)}" if decision.reason else ""
    return f"{at} {decision.symbol} {_ACTIONS[decision.action]}{reason}"


# --- one proposal -------------------------------------------------------------------------------


async def of_proposal(desk: Desk, turn: Turn, proposal: Proposal) -> Reply:
    """Everything behind a proposal, in the order in which it happened."""
    decision = await desk.memory.decisions.get(turn.user.id, proposal.decision_id)
    posted = await desk.memory.heard.of_proposal(turn.user.id, proposal.id)
    closed = times.moment(proposal.closed, turn.user.zone, desk.clock.now())
    what = "signal that came in" if posted else f"{proposal.timeframe} candle closed"
    seen = await _seen(desk, turn, decision)
    parts: list[Words | str] = [
        bold(f"🔎 #{proposal.id} {markers.trade(proposal)} · {proposal.mode}"),
        f"{proposal.strategy_name}, {what} {closed}.",
        f"Decided: {_ACTIONS[decision.action]}: {tables.clipped(decision.reason, _REASON)}",
        *seen,
        *([] if posted and not decision.model_call_id else await _model(desk, turn, decision)),
        *(_heard(desk, turn, posted) if posted else ()),
        *(
            f"• {tables.clipped(reason, _REASON)}"
            for reason in proposal.reasons
            if reason not in {decision.reason, _scores(seen), *map(str, seen)}
        ),
        *(f"↻ Version {number}: {change}" for number, change in enumerate(proposal.changes, 2)),
        f"Account at the time: {numbers.money(proposal.equity)} {markers.quote(proposal.symbol)}.",
        *await _became(desk, turn, proposal),
    ]
    return Reply(lines(*parts), replies_to=cards.card_name(proposal.id))


def _scores(seen: Sequence[Words | str]) -> str:
    """The card's line of the pillars, which are told with their points instead."""
    return " · ".join(one.partition(":")[0] for one in seen[1:] if isinstance(one, str))


async def _model(desk: Desk, turn: Turn, decision: Decision) -> list[str]:
    """Which model was asked, what it answered and cost; that none was where so."""
    if decision.model_call_id is None:
        return ["The rules alone decided; no model was asked."]
    call = await desk.memory.model_calls.get(turn.user.id, decision.model_call_id)
    tokens = call.input_tokens + call.output_tokens
    cost = numbers.significant(call.cost, 2)
    said = f"Model {call.model}: {call.outcome}, {tokens:,} tokens, ${cost}."
    return [said, *([f"It said: {call.error}"] if call.error else [])]


def _heard(desk: Desk, turn: Turn, found: Heard) -> list[Words | str]:
    """The signal that set it off, word for word."""
    said = times.moment(found.said_at, turn.user.zone, desk.clock.wall())
    return [bold(f"The signal, said {said}:"), italic(tables.clipped(found.words, _SIGNAL))]


async def _became(desk: Desk, turn: Turn, proposal: Proposal) -> list[Words | str]:
    reader = cards.Reader(turn.user, desk.clock.wall())
    position = await desk.memory.positions.by_proposal(proposal.id)
    parts: list[Words | str] = [cards.outcome(proposal, reader)]
    if position is not None and position.owner_id == turn.user.id:
        parts.append(await _position(desk, position))
    return parts


async def _position(desk: Desk, position: Position) -> str:
    instrument = await desk.instrument(position.symbol)
    entry = numbers.price(position.entry_price, instrument)
    if position.state is not PositionState.CLOSED:
        return f"Trade #{position.id} is open from {entry}."
    last = numbers.price(position.exit_price or position.entry_price, instrument)
    sums = f"{numbers.signed(position.net())} {markers.quote(position.symbol)}"
    multiple = numbers.multiple(position.r_multiple())
    return f"Trade #{position.id}: {entry} → {last}, {sums}, {multiple} ({position.exit_reason})."


# --- what was seen ------------------------------------------------------------------------------


async def _seen(desk: Desk, turn: Turn, decision: Decision) -> list[Words | str]:
    """Each condition with the value that was stored at the candle."""
    snapshot = await desk.memory.decisions.snapshot(
        decision.symbol, decision.timeframe, decision.closed
    )
    if snapshot is None:
        return ["No data points were stored for that candle."]
    spec = await _spec(desk, turn, decision)
    rows = [row for rule in _rules(spec, decision) for row in conditions(rule, snapshot.values)]
    at = _at(desk, turn, decision.closed)
    if not rows and STOP_DISTANCE in snapshot.values:
        return [f"Judged on four pillars at {at}:", *_pillars(snapshot.values, decision)]
    if not rows:
        return [f"No rule looked at the candle of {at}."]
    return [f"Seen at {at}:", pre("\n".join(rows[:_VALUES]))]


def _pillars(values: Mapping[str, float | None], decision: Decision) -> Iterator[str]:
    """Each pillar with its points; the points alone where it is not known for which side."""
    sides = {Action.ENTER_LONG: Side.LONG, Action.ENTER_SHORT: Side.SHORT}
    if side := sides.get(decision.action):
        found = judged(side, values, higher_of(decision.timeframe))
        yield from pillar_lines(found.pillars)
        return
    known = [f"{name} {numbers.reading(value)}" for name, value in values.items()]
    yield ", ".join(known[:_VALUES])


def _at(desk: Desk, turn: Turn, closed: datetime) -> str:
    return times.moment(closed, turn.user.zone, desk.clock.now())


async def _spec(desk: Desk, turn: Turn, decision: Decision) -> StrategySpec:
    return await desk.memory.strategies.spec_at(
        turn.user.id, decision.strategy_id, decision.version
    )


def _rules(spec: StrategySpec, decision: Decision) -> Iterator[Rule]:
    """The entry rules that the decision looked at; those that can't be read are left out."""
    entered = {Action.ENTER_LONG: (Side.LONG,), Action.ENTER_SHORT: (Side.SHORT,)}
    for side in entered.get(decision.action, tuple(Side)):
        try:
            if rule := spec.entry(side):
                yield parse_rule(rule, spec.timeframe)
        except RuleError as fault:
            raise ParleyError(f"A stored rule can't be read any more: {fault}") from fault


def conditions(rule: Rule, values: Mapping[str, float | None]) -> Iterator[str]:
    """`✅ rsi(14) 31.2  < 35` for each condition; a bullet where one value is not enough."""
    for watch, leaf in zip(rule.watches, leaves(rule.condition), strict=True):
        truth = _truth(leaf, values)
        met = None if truth is None else truth == bool(watch.wanted)
        value = values.get(watch.text)
        shown = f" {numbers.reading(value)}" if watch.text in values else ""
        yield tables.clipped(f"{_MARKS[met]} {watch.text}{shown}  {watch.waits_for}", 60)


def _truth(leaf: Leaf, values: Mapping[str, float | None]) -> bool | None:
    """Whether a comparison held, told from stored values; None where that takes more."""
    match leaf:
        case Comparison(sign, left, right):
            known = _known(left, values), _known(right, values)
            return None if None in known else bool(_TRUTHS[sign](*known))
        case Between(value, low, high):
            parts = [_known(part, values) for part in (low, value, high)]
            return None if None in parts else parts == sorted(parts, key=float)  # type: ignore[arg-type]
        case _:
            return None


def _known(value: Value, values: Mapping[str, float | None]) -> float | None:
    if isinstance(value, Number):
        return value.value
    return values.get(str(value)) if isinstance(value, Operand) else None
