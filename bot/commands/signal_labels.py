"""What collections of signal texts say must be read, in one form: field and value.

Upstream parsers name the same things differently, and some of their tests hold the label of
another text. What was found wrong by reading the texts is corrected here, with the reason.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

REFUSED = "refused"
UPDATE = "update"
OTHER = "no signal"

# By id: the field, what the text really says, and why the label is wrong.
CORRECTIONS: dict[str, dict[str, tuple[Any, str]]] = {
    "d048": {
        "side": ("short", "the text says “Direction: SHORT”; the label is empty"),
        "stop": ("30025", "the text says 30,025; the upstream parser stopped at another number"),
    },
    "d068": {
        "stop": ("4416", "the label belongs to another text: 4450 is not in this one"),
        "targets": (["4406", "4401", "4396"], "the label belongs to another text"),
    },
    "d086": {"pair": ("Gold", "the upstream parser maps gold to a token of its own exchange")},
}

Expected = dict[str, Any]
_NAMES = {
    "coin": "pair", "tradingPair": "pair", "symbol": "pair", "pair": "pair",
    "direction": "side", "signalType": "side", "side": "side",
    "entry": "entries", "entries": "entries", "entryPrice": "entry",
    "targets": "targets", "takeProfits": "targets", "tps": "targets",
    "stopLoss": "stop", "sl": "stop", "stop": "stop", "leverage": "leverage",
    "shortTermTargets": "some targets", "midTermTargets": "some targets",
}  # fmt: skip
_SIDES = {"long": "long", "buy": "long", "short": "short", "sell": "short"}


def expected(row: Mapping[str, Any]) -> Expected:
    """The fields that a row of the collection determines; `kind` is one of them."""
    label = row.get("expected_upstream")
    found: Expected = {}
    if isinstance(label, Mapping):
        found = dict(_plain(label))
        if asserts := label.get("asserts"):
            found |= dict(_asserted(asserts))
        if rendered := label.get("rendered"):
            found |= dict(_rendered(str(rendered)))
    for name, (value, _) in CORRECTIONS.get(str(row.get("id")), {}).items():
        if name in found:
            found[name] = value
    if found and "kind" not in found:
        found["kind"] = "signal"
    return found


def _plain(label: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in label.items():
        field = _NAMES.get(name)
        if field == "side":
            yield field, _side(str(value or ""))
        elif field == "some targets":
            yield name, value
        elif field is not None:
            yield field, value
        elif name == "config" and (tps := value.get("tps")):
            yield "shares", [one["percentage"] for one in tps]
        elif name == "type":
            yield "kind", "signal" if "rder" in str(value) else OTHER


def _side(said: str) -> str | None:
    """Of `LONG`, `Regular (Short)`; None where it says neither, or both."""
    found = {side for word, side in _SIDES.items() if word in said.lower()}
    return found.pop() if len(found) == 1 else None


_ASSERTS: tuple[tuple[str, Callable[[re.Match[str]], tuple[str, Any]]], ...] = (
    (r"not \w+\[\"is_update\"\]", lambda _: ("kind", "signal")),
    (r"\w+\[\"is_update\"\] is True|parsed == \{\"is_update\": True\}", lambda _: ("kind", UPDATE)),
    (r"parsed is None", lambda _: ("kind", REFUSED)),
    (r"\w+\[\"symbol\"\] == \"(\w+)\"", lambda m: ("pair", m[1])),
    (r"\w+\[\"side\"\] == \"(\w+)\"", lambda m: ("side", _SIDES.get(m[1].lower()))),
    (r"\w+\[\"leverage\"\] == ([\d.]+)", lambda m: ("leverage", m[1])),
    (r"abs\(\w+\[\"entry\"\] - ([\d.]+)\) < \S+", lambda m: ("entry", m[1])),
    (r"\w+\[\"entry\"\] == ([\d.]+)", lambda m: ("entry", m[1])),
    (r"\w+\[\"targets\"\]\[0\] == ([\d.]+)", lambda m: ("first target", m[1])),
    (r"\w+\[\"targets\"\] == \[([\d., ]+)\]", lambda m: ("targets", m[1].split(","))),
    (r"\w+\[\"stop\"\] == ([\d.]+)", lambda m: ("stop", m[1])),
)


def _asserted(asserts: list[str]) -> Iterator[tuple[str, Any]]:
    for said in asserts:
        for pattern, make in _ASSERTS:
            if match := re.fullmatch(pattern, said.strip()):
                yield make(match)


def _rendered(text: str) -> Iterator[tuple[str, Any]]:
    """`🔥 SNXUSD - BUY STOP $11.25 ... TP $12.04 ... SL $10.85`."""
    head = re.search(r"(\w+) - (BUY|SELL)[A-Z ]* \$([\d.]+)", text)
    if head:
        yield "pair", head[1]
        yield "side", _SIDES[head[2].lower()]
        yield "entries", [head[3]]
    if targets := re.findall(r"TP \$([\d.]+)", text):
        yield "targets", targets
    if stop := re.search(r"SL \$([\d.]+)", text):
        yield "stop", stop[1]


def decimal(value: Any) -> Decimal | None:
    try:
        return Decimal(str(value).strip())
    except InvalidOperation:
        return None
