"""Limits as people write them, and as they are said back."""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from agents.domain.errors import AskUser
from agents.domain.limits import BY_NAME, RULES, Rule, Value
from agents.domain.market import Universe
from agents.domain.risk import Limits
from agents.domain.strategy import Window
from agents.domain.windows import Hours
from agents.execution.figures import percent, plain
from handlers import saying, texts, times

LABELS: Mapping[str, str] = {
    "risk": "Risk per trade",
    "symbol": "Exposure per symbol",
    "coin": "Exposure per coin",
    "correlated exposure": "Exposure that moves together",
    "exposure": "Total exposure",
    "leverage": "Leverage",
    "positions": "Open positions",
    "correlated": "Positions that move together",
    "trades": "Trades a day",
    "daily loss": "Daily loss",
    "weekly loss": "Weekly loss",
    "drawdown": "Drawdown",
    "slippage": "Slippage",
    "cooldown": "Cooldown",
    "symbols": "Symbols",
    "hours": "Hours",
}
EXAMPLES: Mapping[str, str] = {
    "risk": "risk 0.5",
    "symbol": "symbol 100",
    "coin": "coin 150",
    "correlated exposure": "correlated exposure 200",
    "exposure": "exposure 200",
    "leverage": "leverage 3",
    "positions": "positions 3",
    "correlated": "correlated 2",
    "trades": "trades 5",
    "daily loss": "daily loss 3 flatten",
    "weekly loss": "weekly loss 6",
    "drawdown": "drawdown 10 flatten",
    "slippage": "slippage 0.3",
    "cooldown": "cooldown 3 60",
    "symbols": "symbols BTC ETH",
    "hours": "hours 08:00-22:00 mon-fri flatten grace 15m",
}
_ALSO = {
    "risk per trade": "risk",
    "exposure per symbol": "symbol",
    "exposure per coin": "coin",
    "total": "exposure",
    "total exposure": "exposure",
    "open positions": "positions",
    "correlated positions": "correlated",
    "trades a day": "trades",
    "daily": "daily loss",
    "weekly": "weekly loss",
    "coins": "symbols",
}
_NAMES = {**{rule.name: rule.name for rule in RULES}, **_ALSO}
_NONE = frozenset({"off", "none", "default", "all"})
_RANGE = re.compile(
    r"(?P<from>\d{1,2}[:.]\d{2})\s*(?:-|–|—|\bto\b|\buntil\b)\s*(?P<to>\d{1,2}[:.]\d{2})(?![\w:])",
    re.IGNORECASE,
)
_GRACE = re.compile(
    r"\bgrace\s+(?P<span>\d{1,3}\s?(?:m|mins?|minutes?|h|hours?)?)\b", re.IGNORECASE
)
_SYMBOL = re.compile(r"[A-Z0-9]{1,15}(/[A-Z0-9]{1,10})?")
_LONGEST_GRACE = 240  # minutes
_MOST_LOSSES, _MOST_MINUTES = 100, 10_080
_MOST = Decimal(10_000)


def example(name: str) -> str:
    return f"/limits {EXAMPLES[name]}"


def named(words: str) -> tuple[str, str]:
    """The name of a limit that `words` begin with, and what follows. Raises AskUser."""
    said = " ".join(words.lower().split())
    for name in sorted(_NAMES, key=len, reverse=True):
        if said == name or said.startswith(f"{name} "):
            return _NAMES[name], " ".join(words.split()[len(name.split()) :])
    raise AskUser(
        f"I know no limit called {texts.echo(words)!r}. There are {', '.join(BY_NAME)}; "
        f"write it like {example('daily loss')}."
    )


def value(name: str, said: str, now: Limits, zone: str, universe: Universe) -> Value | None:
    """What is wanted of a limit, None for nothing beyond the operator's. `now` is what holds.
    Raises AskUser."""
    if said.strip().lower() in _NONE:
        return None
    match name:
        case "symbols":
            return {"symbols": _symbols(said, universe)}
        case "hours":
            return {"hours": hours(said, zone)}
        case "cooldown":
            return _cooldown(said)
        case "daily loss" | "weekly loss" | "drawdown":
            return _loss(BY_NAME[name], said, now)
        case _:
            return _number(BY_NAME[name], said, now)


def _wrong(name: str, said: str, wanted: str) -> AskUser:
    heard = f"{texts.echo(said)!r} is not that" if said.strip() else "nothing was said"
    return AskUser(f"{LABELS[name]} needs {wanted}, and {heard}: {example(name)}.")


def _number(rule: Rule, said: str, now: Limits) -> Value:
    field = rule.fields[0]
    whole = isinstance(getattr(now, field), int)
    plain_one = whole or rule.name == "leverage"  # no percentage
    number = said.strip().lower().removesuffix("x").strip() if plain_one else said
    found = None if plain_one and "%" in number else saying.percent(number)
    if found is None or found <= 0 or found > _MOST or (whole and found != int(found)):
        decimals = "a number above 0 with at most four decimals"
        raise _wrong(rule.name, said, "a whole number above 0" if whole else decimals)
    return {field: int(found) if whole else found}


def _loss(rule: Rule, said: str, now: Limits) -> Value:
    """A percentage, and whether what is open is closed with it; one of them alone leaves the
    other as it is."""
    most, flatten = rule.fields
    rest = re.sub(r"\b(flatten|close|pause)\b", " ", said, flags=re.IGNORECASE).strip()
    closes = re.search(r"\b(flatten|close)\b", said, re.IGNORECASE) is not None
    keeps = re.search(r"\bpause\b", said, re.IGNORECASE) is not None
    if not rest and (closes or keeps):
        return {most: getattr(now, most), flatten: closes}
    found = saying.percent(rest)
    if found is None or not 0 < found <= 100:
        raise _wrong(rule.name, said, "a percentage from 0 to 100 with at most four decimals")
    stays = getattr(now, flatten) and not keeps
    return {most: found, flatten: closes or stays}


def _cooldown(said: str) -> Value:
    found = re.fullmatch(
        r"([0-9]{1,3})\D*?\s+(?:\w+\s+)?([0-9]{1,5})\s?(?:m|min|mins|minutes)?", said.strip()
    )
    losses, minutes = (int(found[1]), int(found[2])) if found else (0, 0)
    if not 1 <= losses <= _MOST_LOSSES or minutes > _MOST_MINUTES:
        wanted = "a number of losses in a row and the minutes of rest after them"
        raise _wrong("cooldown", said, wanted)
    return {"losses_in_a_row": losses, "cooldown_minutes": minutes}


def _symbols(said: str, universe: Universe) -> frozenset[str]:
    found = [word.upper() for word in re.split(r"[\s,]+", said) if word.lower() not in {"", "and"}]
    wrong = [one for one in found if not _SYMBOL.fullmatch(one) or not _traded(one, universe)]
    if wrong:
        raise AskUser(
            f"Nothing called {texts.echo(wrong[0])!r} is traded here. Name coins or symbols: "
            f"{example('symbols')}."
        )
    if not found:
        raise _wrong("symbols", said, "coins or symbols")
    return frozenset(found)


def _traded(one: str, universe: Universe) -> bool:
    """Believed while the market can't be asked."""
    return not universe.instruments or one in universe or one in universe.by_base


def hours(said: str, zone: str) -> Hours:
    """`08:00-12:00 14:00-18:00 Berlin mon-fri flatten grace 15m`. Raises AskUser."""
    ranges = list(_RANGE.finditer(said))
    if not ranges:
        raise _wrong("hours", said, "a beginning and an end")
    rest = _RANGE.sub(" ", said)
    grace = _GRACE.search(rest)
    minutes = _minutes(grace["span"]) if grace else 0
    rest = _GRACE.sub(" ", rest)
    flatten = re.search(r"\b(flatten|close)\b", rest, re.IGNORECASE) is not None
    rest = re.sub(r"\b(flatten|close)\b|[,;]", " ", rest, flags=re.IGNORECASE)
    days, zone = _days_and_zone(rest, zone)
    windows = [_window(one["from"], one["to"], zone, days) for one in ranges]
    return Hours(tuple(windows), flatten, minutes)


def _minutes(said: str) -> int:
    seconds = saying.span(said) or 0
    if seconds > _LONGEST_GRACE * 60:
        raise AskUser(f"A grace time is {_LONGEST_GRACE} minutes at most, like grace 15m.")
    return seconds // 60


def _window(begin: str, end: str, zone: str, days: tuple[str, ...]) -> Window:
    first = saying.clock(begin)
    last = "24:00" if end.replace(".", ":") == "24:00" else saying.clock(end)
    if first == last:
        raise AskUser("These hours begin and end at the same time; for all day write 00:00-24:00.")
    return Window.model_validate({"from": first, "to": last, "tz": zone, "days": days})


def _days_and_zone(said: str, zone: str) -> tuple[tuple[str, ...], str]:
    days: list[str] = []
    rest: list[str] = []
    for word in said.split():
        found = saying.days(word)
        if found is None:
            rest.append(word)
        else:
            days += [one for one in found if one not in days]
    other = [word for word in rest if word.lower() not in {"on", "in", "and", "at", "end"}]
    return tuple(days), times.find_zone(" ".join(other)) if other else zone


# --- said back ----------------------------------------------------------------------------------


def said(name: str, held: Mapping[str, Any]) -> str:
    """What holds of a limit: `3 % (then all is closed)`, `after 3 losses 60 minutes`."""
    match name:
        case "symbols":
            allowed = held["symbols"]
            return "all" if allowed is None else ", ".join(sorted(allowed)) or "none"
        case "hours":
            return _hours_said(held["hours"])
        case "cooldown":
            losses = held["losses_in_a_row"]
            row = "1 loss" if losses == 1 else f"{losses} losses in a row"
            return f"{held['cooldown_minutes']} minutes after {row}"
        case "daily loss" | "weekly loss" | "drawdown":
            most, flatten = (held[field] for field in BY_NAME[name].fields)
            return f"{percent(most)}{' (then all is closed)' if flatten else ''}"
        case "leverage":
            return f"{plain(held['leverage'])}x"
        case _:
            number = held[BY_NAME[name].fields[0]]
            return percent(number) if isinstance(number, Decimal) else str(number)


def _hours_said(held: Hours | None) -> str:
    if held is None:
        return "any"
    windows = " and ".join(saying.hours(one) for one in held.windows)
    closed = ", closed at the end" if held.flatten else ""
    grace = f", {held.grace} min of grace" if held.grace else ""
    return f"{windows}{closed}{grace}"


def halved(name: str, held: Mapping[str, Any]) -> Value | None:
    """Half of a limit in numbers; None where it can't be halved."""
    number = held[BY_NAME[name].fields[0]]
    half = number // 2 if isinstance(number, int) else _rounded(number / 2)
    return {**held, BY_NAME[name].fields[0]: half} if half > 0 else None


def _rounded(number: Decimal) -> Decimal:
    return number.quantize(Decimal("0.01")).normalize() + 0
