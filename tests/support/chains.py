"""Chains of entries, and what a forger does to them."""

import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

from agents.domain.chain import FaultKind
from agents.domain.record import Entry, RecordKind, follow
from tests.support.stored import NOON

CHANNEL = 3


def a_chain(length: int, seed: int = 1) -> list[Entry]:
    """Signals and what became of them, `length` entries in all."""
    dice = random.Random(seed)
    entries: list[Entry] = []
    signal = 0
    while len(entries) < length:
        signal += 1
        at = NOON + timedelta(minutes=11 * signal)
        for kind, facts in _story(dice, signal):
            last = entries[-1] if entries else None
            entries.append(follow(last, CHANNEL, kind, facts, at))
            at += timedelta(seconds=dice.randint(1, 600))
    return entries[:length]


def _story(dice: random.Random, signal: int) -> list[tuple[RecordKind, dict[str, Any]]]:
    entry = Decimal(dice.randint(100, 90_000)) / 7
    levels = {
        "symbol": dice.choice(("BTC/USDT", "ETH/USDT", "SOL/USDT")),
        "side": dice.choice(("long", "short")),
        "entry": entry.quantize(Decimal("0.0001")),
        "stop": (entry * Decimal("0.98")).quantize(Decimal("0.0001")),
        "targets": [[(entry * Decimal("1.04")).quantize(Decimal("0.0001")), Decimal(1)]],
        "text": dice.choice(("Buy the dip", "Grüße 🐂", 'he said "now"\n')),
    }
    told: list[tuple[RecordKind, dict[str, Any]]] = [
        (RecordKind.SIGNAL, {"signal": signal, **levels})
    ]
    if dice.random() < 0.2:
        return [*told, (RecordKind.NOT_TAKEN, {"signal": signal, "reason": "expired"})]
    told.append((RecordKind.FILLED, {"signal": signal, "price": levels["entry"]}))
    if dice.random() < 0.9:
        r = (Decimal(dice.randint(-100, 200)) / 100).quantize(Decimal("0.01"))
        closed = {"signal": signal, "price": levels["stop"], "r": r, "reason": "stop"}
        told.append((RecordKind.CLOSED, closed))
    return told


# --- forging ------------------------------------------------------------------------------------

Forged = tuple[list[Entry], FaultKind | None, int]
"""The forged chain, and which fault at which entry names it; no kind where only a known head tells
that something is wrong."""

Forgery = Callable[[Sequence[Entry], random.Random], Forged]


def _rehashed(entry: Entry) -> Entry:
    return replace(entry, hash=entry.computed())


def _edited_body(entry: Entry, dice: random.Random) -> Entry:
    name = dice.choice(sorted(entry.body))
    value = entry.body[name]
    other = value + 1 if isinstance(value, int) else f"{value}0"
    return replace(entry, body={**entry.body, name: other})


def _edited(entry: Entry, dice: random.Random) -> Entry:
    """One field another one."""
    flipped = "0" if entry.hash[7] != "0" else "1"
    changes: dict[str, Callable[[], Entry]] = {
        "body": lambda: _edited_body(entry, dice),
        "kind": lambda: replace(entry, kind="closed" if entry.kind != "closed" else "signal"),
        "dropped": lambda: replace(entry, body=dict(list(entry.body.items())[1:])),
        "added": lambda: replace(entry, body={**entry.body, "x": "1"}),
        "at": lambda: replace(entry, at=entry.at + timedelta(microseconds=dice.randint(1, 10**9))),
        "hash": lambda: replace(entry, hash=entry.hash[:7] + flipped + entry.hash[8:]),
        "previous": lambda: replace(entry, previous="f" * 64),
        "channel": lambda: replace(entry, channel=entry.channel + 1),
    }
    return changes[dice.choice(sorted(changes))]()


def edit(chain: Sequence[Entry], dice: random.Random) -> Forged:
    place = dice.randrange(len(chain))
    forged = [*chain]
    forged[place] = _edited(chain[place], dice)
    return forged, FaultKind.EDITED, place + 1


def retime(chain: Sequence[Entry], dice: random.Random) -> Forged:
    """Another time, and the hash of this one entry made anew."""
    place = dice.randrange(len(chain))
    forged = [*chain]
    at = chain[place].at - timedelta(minutes=dice.randint(1, 90))
    forged[place] = _rehashed(replace(chain[place], at=at))
    return forged, FaultKind.EDITED if place < len(chain) - 1 else None, place + 1


def rewrite(chain: Sequence[Entry], dice: random.Random) -> Forged:
    """Another result, and the hash of this one entry made anew."""
    place = dice.randrange(len(chain))
    forged = [*chain]
    forged[place] = _rehashed(_edited_body(chain[place], dice))
    return forged, FaultKind.EDITED if place < len(chain) - 1 else None, place + 1


def renumber(chain: Sequence[Entry], dice: random.Random) -> Forged:
    place = dice.randrange(len(chain))
    number = dice.choice([n for n in range(1, len(chain) + 5) if n != place + 1])
    forged = [*chain]
    forged[place] = _rehashed(replace(chain[place], number=number))
    return forged, FaultKind.EDITED, place + 1


def delete(chain: Sequence[Entry], dice: random.Random) -> Forged:
    place = dice.randrange(len(chain))
    forged = [*chain[:place], *chain[place + 1 :]]
    return forged, FaultKind.MISSING if place < len(chain) - 1 else None, place + 1


def insert(chain: Sequence[Entry], dice: random.Random) -> Forged:
    """Something of the forger's own between two entries, sometimes one that hangs on the first."""
    place = dice.randrange(1, len(chain))
    before, model = chain[place - 1], dice.choice(chain)
    number = dice.choice((place, place + 1, model.number, len(chain) + 7))
    new = replace(model, number=number, previous=before.hash, body={**model.body, "x": "y"})
    new = _rehashed(new) if dice.random() < 0.5 else new
    return [*chain[:place], new, *chain[place:]], FaultKind.INSERTED, place


def repeat(chain: Sequence[Entry], dice: random.Random) -> Forged:
    """An entry twice."""
    place = dice.randrange(len(chain))
    other = dice.randrange(len(chain))
    forged = [*chain]
    forged.insert(other, chain[place])
    return forged, FaultKind.INSERTED, -1


def swap(chain: Sequence[Entry], dice: random.Random) -> Forged:
    one, other = sorted(dice.sample(range(len(chain)), 2))
    forged = [*chain]
    forged[one], forged[other] = forged[other], forged[one]
    return forged, FaultKind.REORDERED, one + 1


def move(chain: Sequence[Entry], dice: random.Random) -> Forged:
    """One entry to another place, further than its neighbour's."""
    place = dice.randrange(len(chain))
    other = dice.choice([p for p in range(len(chain)) if abs(p - place) > 2])
    forged = [*chain]
    forged.insert(other, forged.pop(place))
    return forged, FaultKind.REORDERED, place + 1


def cut(chain: Sequence[Entry], dice: random.Random) -> Forged:
    """The end taken off: nobody can tell without a head that was written down."""
    return [*chain[: -dice.randint(1, len(chain) - 1)]], None, -1


def begin_anew(chain: Sequence[Entry], dice: random.Random) -> Forged:
    """Everything from some entry on, written anew with good hashes."""
    place = dice.randrange(len(chain))
    forged = [*chain[:place]]
    for old in chain[place:]:
        last = forged[-1] if forged else None
        body = {**old.body, "r": "2.00"} if old.number == place + 1 else old.body
        forged.append(follow(last, CHANNEL, old.kind, body, old.at))
    return forged, None, -1


FORGERIES: tuple[Forgery, ...] = (
    edit,
    retime,
    rewrite,
    renumber,
    delete,
    insert,
    repeat,
    swap,
    move,
    cut,
    begin_anew,
)
