"""An exported record, read back; and read after somebody wrote in it."""

import json
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.domain.chain import FaultKind
from agents.domain.chain_file import NotAChain, read_chain, written
from agents.domain.record import GENESIS
from tests.support.chains import CHANNEL, FORGERIES, Forgery, a_chain

CHAIN = a_chain(40)
FILE = "".join(written(CHANNEL, "Calls ✅", CHAIN)).encode()


def test_what_is_written_is_read() -> None:
    chain = read_chain(FILE)
    assert (chain.channel, chain.title, chain.count) == (CHANNEL, "Calls ✅", 40)
    assert chain.head == CHAIN[-1].hash
    assert list(chain.items) == CHAIN
    assert chain.faults() == []
    assert chain.faults(CHAIN[12].hash) == []


def test_an_empty_record() -> None:
    chain = read_chain("".join(written(9, "New", [])).encode())
    assert (chain.count, chain.head, chain.items, chain.faults()) == (0, GENESIS, (), [])


def test_other_spaces_and_line_ends_are_the_same_record() -> None:
    lines = [json.dumps(json.loads(line), indent=None) for line in FILE.splitlines()]
    assert read_chain("\r\n".join(lines).encode()).faults() == []
    assert read_chain(b"\xef\xbb\xbf" + FILE + b"\n\n").faults() == []


@pytest.mark.parametrize("forge", FORGERIES, ids=lambda forge: forge.__name__)
def test_a_forged_file_is_found_by_a_published_head(forge: Forgery) -> None:
    """Also when the forger wrote a fitting header."""
    dice = random.Random(4)
    for _ in range(20):
        forged, kind, _ = forge(CHAIN, dice)
        file = "".join(written(CHANNEL, "Calls ✅", forged)).encode()
        if file != FILE:  # an entry's channel is told by the header
            assert read_chain(file).faults(CHAIN[-1].hash), kind


def test_the_record_of_another_channel_is_not_this_one() -> None:
    file = "".join(written(CHANNEL + 1, "Calls", CHAIN)).encode()
    assert {fault.kind for fault in read_chain(file).faults()} == {FaultKind.EDITED}


@given(st.integers(0, len(FILE) - 1), st.binary(min_size=1, max_size=1))
def test_no_byte_can_be_changed_unseen(place: int, byte: bytes) -> None:
    """What is the same JSON is no change; a label is no fact."""
    changed = FILE[:place] + byte + FILE[place + 1 :]
    try:
        chain = read_chain(changed)
    except NotAChain:
        assert place <= FILE.index(b"\n")
        return
    same = _meaning(changed) == _meaning(FILE)
    assert bool(chain.faults(CHAIN[-1].hash)) != same


def _meaning(file: bytes) -> list[Any]:
    """What the lines say, but for the title; bytes where that is nothing."""
    found: list[Any] = []
    for line in file.split(b"\n"):
        try:
            said = json.loads(line.decode("utf-8"))
        except ValueError:
            if line.strip():
                found.append(line)
            continue
        if isinstance(said, dict):
            said.pop("title", None)
        found.append(said)
    return found


HEADER = {"record": 1, "channel": 3, "title": "x", "entries": 0, "head": GENESIS}


@pytest.mark.parametrize(
    "first",
    [
        b"",
        b"hello",
        b"\xff\xfe",
        b"[1]",
        b"{}",
        b"[" * 100_000,
        json.dumps({**HEADER, "record": 2}).encode(),
        json.dumps({**HEADER, "record": True}).encode(),
        json.dumps({**HEADER, "entries": "0"}).encode(),
        json.dumps({**HEADER, "channel": True}).encode(),
        json.dumps({**HEADER, "head": None}).encode(),
        json.dumps({**HEADER, "more": 1}).encode(),
        b'{"record": 1, "record": 1}',
    ],
    ids=lambda first: repr(first[:30]),
)
def test_what_is_no_export_is_told(first: bytes) -> None:
    with pytest.raises(NotAChain) as told:
        read_chain(first)
    assert str(told.value).endswith((".", "'head'.", "'entries'.", "'channel'."))


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ('"number":7', '"number":7.0', "not whole"),
        ('"number":7', '"number":true', "no usable 'number'"),
        ('"number":7', '"number":"7"', "no usable 'number'"),
        ('"number":7', '"number":7,"number":7', "twice"),
        ('"number":7', '"numbr":7', "lacks"),
        ('"number":7', '"number":7,"note":1', "'note'"),
        ('"number":7', '"number":' + "9" * 30, "too large"),
        ('"number":7', '"number":NaN', "not whole"),
        ('"number":7', '"number":7,', "no JSON"),
        ("123457Z", "123457+00:00", "time"),
        ('"body":{', '"body":{"x":"\\ud800",', "no Unicode"),
        ('"body":{', '"body":{"x":' + "[" * 5000 + "]" * 5000 + ",", "deeply"),
    ],
)
def test_a_line_that_can_not_be_read_is_named(old: str, new: str, reason: str) -> None:
    lines = FILE.decode().split("\n")
    assert old in lines[7]
    lines[7] = lines[7].replace(old, new)
    (fault,) = read_chain("\n".join(lines).encode()).faults()
    assert (fault.kind, fault.number) == (FaultKind.UNREADABLE, 7)
    assert reason in str(fault)


def test_the_header_counts() -> None:
    said = FILE.replace(b'"entries":40', b'"entries":41')
    (fault,) = read_chain(said).faults()
    assert fault.kind is FaultKind.HEAD
    assert "41" in str(fault)
