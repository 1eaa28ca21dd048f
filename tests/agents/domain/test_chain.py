"""What was done to a chain is found, and called by its name."""

import random
from dataclasses import replace

import pytest

from agents.domain.chain import FaultKind, Item, Unreadable, verify_chain
from agents.domain.record import GENESIS
from tests.support.chains import FORGERIES, Forgery, a_chain, begin_anew, edit, insert

CHAIN = a_chain(120)
HEAD = CHAIN[-1].hash
TAMPERINGS = 1_000


def test_a_whole_chain_has_no_faults() -> None:
    assert verify_chain(CHAIN) == []
    assert verify_chain(CHAIN, HEAD) == []
    for length in (1, 2, 7):
        assert verify_chain(CHAIN[:length], CHAIN[length - 1].hash) == []
    assert verify_chain([], GENESIS) == []


@pytest.mark.parametrize("seed", range(4))
def test_each_of_many_tamperings_is_found(seed: int) -> None:
    """1,000 in all, of every kind in turn."""
    dice = random.Random(seed)
    for number in range(TAMPERINGS // 4):
        forge = FORGERIES[number % len(FORGERIES)]
        forged, _, _ = forge(CHAIN, dice)
        assert verify_chain(forged, HEAD), (seed, number, forge.__name__)


@pytest.mark.parametrize("forge", FORGERIES, ids=lambda forge: forge.__name__)
def test_a_tampering_is_named(forge: Forgery) -> None:
    dice = random.Random(8)
    for number in range(60):
        forged, kind, entry = forge(CHAIN, dice)
        faults = verify_chain(forged, HEAD)
        if kind is None:
            assert FaultKind.HEAD in {fault.kind for fault in faults}, number
            continue
        told = {(fault.kind, fault.number) for fault in faults}
        if entry < 0:
            assert kind in {fault.kind for fault in faults}, (number, faults)
        else:
            assert (kind, entry) in told or _at_the_edge(kind, entry, told), (number, faults)
        others = [f for f in faults if f.kind not in {kind, FaultKind.HEAD}]
        assert not others, (number, entry, faults)


def _at_the_edge(kind: FaultKind, entry: int, told: set[tuple[FaultKind, int]]) -> bool:
    """Neighbours that changed places are both named, by the first of them."""
    return kind is FaultKind.REORDERED and (kind, entry - 1) in told


def test_a_tampering_of_one_entry_is_named_once() -> None:
    dice = random.Random(3)
    for _ in range(200):
        forged, kind, entry = edit(CHAIN, dice)
        faults = [f for f in verify_chain(forged) if f.kind is not FaultKind.HEAD]
        assert [(fault.kind, fault.number) for fault in faults] == [(kind, entry)]


def test_without_a_head_an_end_that_was_written_anew_can_not_be_seen() -> None:
    forged, _, _ = begin_anew(CHAIN, random.Random(2))
    assert verify_chain(forged) == []
    assert verify_chain(CHAIN[:50]) == []
    assert [fault.kind for fault in verify_chain(forged, HEAD)] == [FaultKind.HEAD]
    (fault,) = verify_chain(CHAIN[:50], seen=CHAIN[70].hash)
    assert fault.kind is FaultKind.HEAD


def test_a_hash_that_was_published_once_has_to_be_there() -> None:
    assert verify_chain(CHAIN, seen=CHAIN[70].hash) == []
    (fault,) = verify_chain(CHAIN, seen="a" * 64)
    assert "a" * 64 in str(fault)


def test_what_can_not_be_read_is_named_in_its_place() -> None:
    forged: list[Item] = [*CHAIN[:4], Unreadable("is no JSON"), *CHAIN[5:]]
    (fault,) = verify_chain(forged, HEAD)
    assert (fault.kind, fault.number) == (FaultKind.UNREADABLE, 5)
    assert str(fault) == "entry 5 can't be read: its line is no JSON"
    (fault,) = verify_chain([*CHAIN[:4], Unreadable("is no JSON"), *CHAIN[4:]], HEAD)
    assert (fault.kind, fault.number) == (FaultKind.INSERTED, 4)


def test_a_chain_that_begins_elsewhere() -> None:
    first = replace(CHAIN[0], previous="e" * 64)
    first = replace(first, hash=first.computed())
    (fault,) = verify_chain([first])
    assert (fault.kind, fault.number) == (FaultKind.GENESIS, 1)


def test_several_things_at_once_are_all_named() -> None:
    edited = replace(CHAIN[10], kind="closed" if CHAIN[10].kind != "closed" else "signal")
    forged = [*CHAIN[:10], edited, *CHAIN[11:40], *CHAIN[44:80], CHAIN[81], CHAIN[80], *CHAIN[82:]]
    assert [str(fault) for fault in verify_chain(forged, HEAD)] == [
        "entry 11 was edited: its hash is not that of its content",
        "entries 41 to 44 are missing",
        "entries 81 and 82 have changed places",
    ]


def test_faults_say_where_in_words() -> None:
    forged, _, _ = insert(CHAIN, random.Random(5))
    (fault,) = [f for f in verify_chain(forged, HEAD) if f.kind is FaultKind.INSERTED]
    assert "was inserted after entry" in str(fault)


@pytest.mark.parametrize("number", [0, -1, 10**12])
def test_senseless_numbers_are_no_way_out(number: int) -> None:
    odd = replace(CHAIN[5], number=number)
    odd = replace(odd, hash=odd.computed())
    assert verify_chain([*CHAIN[:5], odd, *CHAIN[6:]])
    assert verify_chain([odd])
