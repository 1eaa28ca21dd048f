"""From the named values of a webhook to a reading."""

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal

from agents.domain.market import Universe
from agents.domain.signal import (
    SignalKind,
    SignalReading,
    SignalTarget,
    SignalUpdate,
    UpdateKind,
)
from agents.domain.strategy import Side
from agents.domain.symbols import find
from agents.signals.hook_fields import Fields, price
from agents.signals.hook_refusals import BadValue

_BUYING = "buy long enter_long enterlong openlong open_long buy_long"
_SELLING = "sell short enter_short entershort openshort open_short sell_short"
_SIDES: dict[str, Side] = {
    **dict.fromkeys(_BUYING.split(), Side.LONG),
    **dict.fromkeys(_SELLING.split(), Side.SHORT),
}
_CLOSING = """close exit flat closeall close_all close_long closelong exit_long exitlong
    close_short closeshort exit_short exitshort"""
_UPDATES: dict[str, UpdateKind] = {
    **dict.fromkeys(_CLOSING.split(), UpdateKind.CLOSE),
    **dict.fromkeys(("cancel", "cancel_all", "cancelall", "cancelled"), UpdateKind.CANCEL),
    **dict.fromkeys(("breakeven", "be", "break_even"), UpdateKind.STOP_TO_ENTRY),
}
_TRUE = frozenset({"true", "yes", "1"})
_HIGHEST_LEVERAGE = 1_000


def signal_of(fields: Fields, universe: Universe) -> SignalReading:
    """NOTHING when the values name no side. Raises BadValue naming what can't be used."""
    action, position = fields.side, fields.text("position").lower()
    if not action and not position:
        return SignalReading(SignalKind.NOTHING)
    if kind := _update(fields, action, position):
        return _named(
            SignalReading(SignalKind.UPDATE, updates=(SignalUpdate(kind),)), fields, universe
        )
    if (action or position) not in _SIDES:
        raise BadValue(f"“{(action or position)[:40]}” is no side: say buy or sell.")
    side = _SIDES[action or position]
    return _named(_signal(fields, side, position), fields, universe)


def _update(fields: Fields, action: str, position: str) -> UpdateKind | None:
    if fields.text("close position").lower() in _TRUE or position == "flat":
        return UpdateKind.CLOSE
    return _UPDATES.get(action)


def _signal(fields: Fields, side: Side, position: str) -> SignalReading:
    waiting, now = fields.prices("entry"), fields.prices("price") or fields.prices("close")
    kind = fields.text("type").lower()
    entries = tuple(dict.fromkeys(sorted(waiting or now[:1])))
    stop, stop_percent = _stop(fields, side)
    return SignalReading(
        SignalKind.SIGNAL,
        side=side,
        market="market" in kind or (not waiting and "limit" not in kind and "stop" not in kind),
        entries=entries,
        targets=tuple(SignalTarget(one) for one in _targets(fields, side)),
        stop=stop,
        stop_percent=stop_percent,
        leverage=_leverage(fields),
        faults=tuple(_faults(fields, side, position)),
    )


def _stop(fields: Fields, side: Side) -> tuple[Decimal | None, Decimal | None]:
    own = set(fields.prices("stop")) or set(fields.prices(f"{side} stop"))
    if len(own) > 1:
        raise BadValue("Several stops are named.")
    percent = fields.prices("stop percent")
    if own:
        return own.pop(), None
    return None, percent[0] if percent else None


def _targets(fields: Fields, side: Side) -> list[Decimal]:
    """The nearest first, each once."""
    found = fields.prices("target") or fields.prices(f"{side} target")
    return sorted(dict.fromkeys(found), reverse=side is Side.SHORT)[:40]


def _leverage(fields: Fields) -> Decimal | None:
    said = fields.text("leverage").lower().strip("x ")
    if not said:
        return None
    found = price("leverage", said)
    if found > _HIGHEST_LEVERAGE:
        raise BadValue(f"“leverage”: {said[:40]} is too much.")
    return found


def _faults(fields: Fields, side: Side, position: str) -> Iterator[str]:
    if position and _SIDES.get(position) is not side:
        yield f"The order goes {side}, and the position is {position[:20]} after it."
    for name, value in fields.values.get("target percent", ()):
        yield f"A target in percent ({name}: {str(value)[:20]}) can't be read."


def _named(reading: SignalReading, fields: Fields, universe: Universe) -> SignalReading:
    """With its symbol; a signal needs one, an update may go without."""
    written = fields.symbol
    if not written and reading.kind is SignalKind.SIGNAL:
        raise BadValue("No symbol is named.")
    instrument = find(written, universe) if written else None
    fault = "" if instrument or not written else f"{written} is not among the markets here."
    return replace(
        reading,
        symbol=instrument.symbol if instrument else None,
        written=written,
        faults=(*reading.faults, fault) if fault else reading.faults,
    )
