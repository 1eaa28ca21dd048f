"""From the items of a sentence to a reading: what it says, assumes, asks, refuses and leaves."""

from decimal import Decimal

from agents.decision.words import checks
from agents.decision.words.draft import Draft
from agents.decision.words.entries import rules
from agents.decision.words.exits import stop, targets, trailing
from agents.decision.words.frames import frame, nearest
from agents.decision.words.hours import windows
from agents.decision.words.questions import ask_what_is_missing, name_leftovers, rank
from agents.decision.words.reading import Reading, shortened
from agents.decision.words.steps import steps
from agents.domain.market import Universe
from agents.domain.strategy import DEFAULT_RISK_PERCENT, Step, Target, Window
from agents.domain.symbols import find, suggestions

SYMBOL_CHOICES = ("BTC/USDT", "ETH/USDT", "SOL/USDT", "XRP/USDT")
TIMEFRAME_CHOICES = ("5m", "15m", "1h", "4h")
_MOST_SYMBOLS = 20


def assemble(draft: Draft, universe: Universe) -> Reading:
    """The reading of `draft`; questions come in the order in which they matter."""
    symbols = _symbols(draft, universe)
    own = _timeframe(draft)
    found = rules(draft, own)
    verdicts = checks.Verdicts(draft.refused)
    stop_text, levels, trail, managed = _ways_out(draft, found.wanted, own, symbols)
    hours = _windows(draft)
    refusals(draft)
    risk, size = _money(draft, verdicts)
    leverage = _leverage(draft, verdicts)
    positions = _positions(draft, verdicts)
    name_leftovers(draft, found)
    ask_what_is_missing(draft, found, way_out=bool(levels or trail), rest=_closes(managed))
    return Reading(
        symbols=symbols,
        side=found.side,
        timeframe=own,
        entry_long=found.entry.get(True),
        entry_short=found.entry.get(False),
        exit_long=found.exit.get(True),
        exit_short=found.exit.get(False),
        stop=stop_text,
        targets=levels,
        trailing=trail,
        manage=managed,
        risk_percent=risk,
        size=size,
        leverage=leverage,
        max_positions=positions,
        windows=hours,
        guidance="; ".join(draft.guidance) or None,
        assumptions=tuple(draft.assumptions),
        asks=tuple(sorted(draft.asks, key=rank)),
        refused=tuple(draft.refused),
        unread=tuple(draft.unread),
        is_strategy=True,
    )


def _ways_out(
    draft: Draft, wanted: set[bool], own: str | None, symbols: tuple[str, ...]
) -> tuple[str | None, tuple[Target, ...], str | None, tuple[Step, ...]]:
    """Stop, targets, trailing and steps."""
    stop_text = stop(draft, wanted, own)
    levels = targets(draft, wanted, own)
    trail = trailing(draft, stop_text, levels)
    return stop_text, levels, trail, steps(draft, wanted, own, symbols)


def _closes(managed: tuple[Step, ...]) -> bool:
    return any(step.close is not None for step in managed)


def _windows(draft: Draft) -> tuple[Window, ...]:
    found, notes = windows(draft.items)
    draft.note(*notes)
    for item in draft.of("no hours") if draft.of("hours") else ():
        draft.leave(draft.verbatim(item))
    return found


def _symbols(draft: Draft, universe: Universe) -> tuple[str, ...]:
    found = tuple(dict.fromkeys(item.value for item in draft.of("symbol")))
    for item in draft.of("symbol"):
        if find(draft.verbatim(item), universe) is None:
            draft.note(f"“{draft.verbatim(item)}” is read as {item.value}.")
    for item in draft.of("stranger"):
        name = draft.verbatim(item)
        near = suggestions(item.value, universe)
        hint = f" Did you mean {', '.join(near)}?" if near else ""
        draft.ask(
            "symbols",
            f"I know no market called “{name}”.{hint}",
            *(near or SYMBOL_CHOICES),
            essential=not found,
        )
        draft.leave(name)
    if not found and not draft.of("stranger"):
        draft.ask("symbols", "Which coin or market pair should it trade?", *SYMBOL_CHOICES)
    for symbol in found[_MOST_SYMBOLS:]:
        draft.leave(symbol)
    if len(found) > _MOST_SYMBOLS:
        draft.ask(
            "symbols",
            f"{_MOST_SYMBOLS} symbols are the most; I left the last ones out.",
            essential=False,
        )
    return found[:_MOST_SYMBOLS]


def _timeframe(draft: Draft) -> str | None:
    found = frame(draft.items)
    if found.unusual:
        draft.ask(
            "timeframe",
            f"There are no {found.unusual} candles here. Which timeframe should it use?",
            *nearest(found.unusual),
        )
        for item in draft.of("timeframe"):
            draft.leave(draft.verbatim(item))
    elif found.own is None:
        draft.ask(
            "timeframe", "On which timeframe: which candles should it watch?", *TIMEFRAME_CHOICES
        )
    if found.rivals:
        others = ", ".join(found.rivals)
        draft.ask(
            "timeframe",
            f"Several timeframes were said: {found.own}, {others}. I take {found.own} candles;"
            " is that right?",
            found.own or "",
            *found.rivals[:3],
            essential=False,
        )
    if found.inferred:
        draft.note(
            f"The timeframe is taken as {found.own}, since the rule looks at {found.own} candles."
        )
    return found.own


# --- money ------------------------------------------------------------------------------------


def _money(draft: Draft, verdicts: checks.Verdicts) -> tuple[Decimal | None, Decimal | None]:
    risk = draft.first("risk")
    size = draft.first("size")
    for item in draft.of("risk money"):
        draft.ask(
            "risk",
            f"“{draft.verbatim(item)}”: the risk is set in percent of the account. How many percent"
            " per trade (up to 2)?",
            "Risk 0.5%",
            "Risk 1%",
            essential=False,
        )
        draft.leave(draft.verbatim(item))
    for item in draft.of("account"):
        draft.leave(draft.verbatim(item))
    for item in draft.of("share of capital"):
        _share_of_capital(draft, item.value, draft.verbatim(item))
    value = checks.risk(risk.value, verdicts) if risk else None
    for item in draft.of("risk")[1:]:
        draft.leave(draft.verbatim(item))
    for item in draft.of("size")[1:]:
        draft.leave(draft.verbatim(item))
    if size is not None:
        draft.note(f"The size is a fixed amount of {size.value:,f} in quote currency per trade.")
    elif value is None:
        draft.note(f"The risk is {DEFAULT_RISK_PERCENT} % of the account per trade, the default.")
    return value, size.value if size else None


def _share_of_capital(draft: Draft, value: Decimal, said: str) -> None:
    if value >= 50:
        draft.refused.append(
            f"“{said}”: no trade may take that much of the account; the risk stays in its limit."
        )
        return
    draft.ask(
        "risk",
        f"Is “{said}” what a stopped trade may lose? Then say it as risk, for example risk 1%.",
        "Risk 0.5%",
        "Risk 1%",
        essential=False,
    )
    draft.leave(said)


def _leverage(draft: Draft, verdicts: checks.Verdicts) -> int | None:
    said = draft.of("leverage")
    for item in said[1:]:
        draft.leave(draft.verbatim(item))
    return checks.leverage(said[0].value, verdicts) if said else None


def _positions(draft: Draft, verdicts: checks.Verdicts) -> int | None:
    said = draft.of("positions")
    for item in said[1:]:
        draft.leave(draft.verbatim(item))
    return checks.positions(said[0].value, verdicts) if said else None


_REFUSALS = {
    "limits": "No text can change or switch off a limit.",
    "approval": "Approvals can't be switched off in a sentence.",
    "money": "I can't move or withdraw money.",
    "all in": "I don't go all in: the risk per trade stays within its limit.",
    "doubling down": "I don't add to losing positions.",
    "averaging down": "I don't add to losing positions.",
    "martingale": "I don't raise the size after a loss.",
    "yolo": "I don't bet everything: the risk per trade stays within its limit.",
}


def refusals(draft: Draft) -> None:
    for item in draft.of("refused"):
        reason = _REFUSALS.get(
            item.value, "The size stays within its limits; say leverage or risk as a number."
        )
        draft.refused.append(f"“{shortened(draft.verbatim(item))}”: {reason}")
