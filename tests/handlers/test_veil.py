"""What of people's words may be stored: keys are sealed at the door, or left out."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.domain.user import Identity, Place
from handlers.chat import Incoming, Tap
from handlers.veil import (
    HIDDEN,
    Veil,
    arm,
    disarm,
    looks_like_a_key,
    shown,
    token_of,
    veiled,
    without_keys,
)
from tests.support.clock import START
from tests.support.memory import InMemory
from tests.support.vaults import VAULT

MODEL_KEY = "sk-ant-0123456789-wxyz"
KEY = "vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A"
SECRET = "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j"
ADA = Identity("chatter", "ada")
HOME = Place("chatter", "home")


class Door:
    """The door of one chat; `memory` may be another process's."""

    def __init__(self, memory: InMemory | None = None) -> None:
        self.memory = memory or InMemory()
        self.veil = Veil(self.memory.notes, VAULT)
        self.said = 0

    def incoming(self, text: str | None = None, **more: Any) -> Incoming:
        self.said += 1
        told = {"key": f"u{self.said}", "place": HOME, "sender": ADA, "sender_name": "Ada"}
        return Incoming(**{**told, "sent_at": START, "text": text, **more})

    async def say(self, text: str | None = None, **more: Any) -> str:
        """The text as it is stored."""
        stored = await self.veil.sealed(self.incoming(text, **more))
        return str(stored.as_json()["text"])


@pytest.fixture
def door() -> Door:
    return Door()


@pytest.mark.parametrize(
    "said",
    [
        f"/settings key {MODEL_KEY}",
        f"  /Settings@ParleyBot   KEY\n{MODEL_KEY} ",
        f"/settings key: {MODEL_KEY}",
        f"/settings key={MODEL_KEY}",
        "/settings key any-other.provider/key",
    ],
)
async def test_a_model_key_is_sealed(door: Door, said: str) -> None:
    key = said.strip().split()[-1].removeprefix("key=")
    at_rest = await door.say(said)
    assert key not in at_rest
    assert VAULT.open(at_rest.removeprefix("/settings key ")) == key
    assert shown(said) == shown(at_rest) == f"/settings key {HIDDEN}"


@pytest.mark.parametrize(
    "said",
    [
        f"/connect binance {KEY} {SECRET}",
        f"/connect@ParleyBot   binance\n{KEY}\n{SECRET}",
        f"/CONNECT okx {KEY} {SECRET} my words",
        f"/connect {KEY} {SECRET}",
        f"/connect {KEY}",
        "/connect binance short",
    ],
)
async def test_an_exchange_key_is_sealed(door: Door, said: str) -> None:
    at_rest = await door.say(said)
    assert KEY not in at_rest and SECRET not in at_rest and "short" not in at_rest
    words = " ".join(said.split()[1:])
    assert " ".join(VAULT.open(at_rest.removeprefix("/connect ")).split()) == words
    assert shown(said) == shown(at_rest) == f"/connect {HIDDEN}"


@pytest.mark.parametrize(
    "said",
    [
        *("/settings", "/settings key", "/settings key off", "/settings zone Berlin", "Buy BTC"),
        *("/connect", "/connect binance", "/connect binanceusdm", "/disconnect", "/mode 3 live"),
        "/record 3 verify 2f7a9c",
        "entry long: rsi(14) < 35 and close > ema(200), stop 1.5 atr, target 2R",
        "Long BTC/USDT, ETH/USDT, 1000PEPE/USDT/SOL/USDT when ema-20-crosses-above-ema-50-on-15m",
        "https://t.me/c/1234567890/abcdefghijklmnopqrstuvwxyz0123456789ABCDEF",
        "",
    ],
)
async def test_all_else_is_left_alone(door: Door, said: str) -> None:
    assert await door.say(said) == shown(said) == said


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        (f"my key is {MODEL_KEY}, use it", f"my key is {HIDDEN}, use it"),
        (f"take {KEY} and {SECRET}", f"take {HIDDEN} and {HIDDEN}"),
        (f"key={KEY}", f"key={HIDDEN}"),
        (f"/new {KEY}", f"/new {HIDDEN}"),
        ("9f0c1e57-1f4e-4a0c-93a1-1f2e3d4c5b6a", HIDDEN),
        (f"short one1234567890 and {SECRET}", f"short {HIDDEN} and {HIDDEN}"),
        ("-----BEGIN EC PRIVATE KEY-----\nabc\n-----END EC PRIVATE KEY-----", HIDDEN),
    ],
)
async def test_what_looks_like_a_key_elsewhere_is_left_out(
    door: Door, said: str, kept: str
) -> None:
    assert await door.say(said) == shown(said) == kept
    assert looks_like_a_key(said)


async def test_in_a_group_nothing_of_it_is_kept(door: Door) -> None:
    assert await door.say(f"/connect binance {KEY} {SECRET}", private=False) == (
        f"/connect {HIDDEN}"
    )
    assert await door.say("/connect", private=False) == "/connect"
    assert await door.say("Buy BTC", private=False) == "Buy BTC"


# --- while a key is awaited -----------------------------------------------------------------------


async def test_after_connect_every_plain_text_is_sealed(door: Door) -> None:
    await door.say("/connect")
    for said in ("hunter22", "Buy BTC", f"{KEY}\n{SECRET}", MODEL_KEY, f"/{SECRET[:40]}+/x=="):
        at_rest = await door.say(said)
        sealed = veiled(at_rest)
        assert sealed is not None and VAULT.open(sealed.sealed) == said
        assert said not in at_rest
        assert shown(at_rest) == await door.veil.kept(HOME, ADA, said) == HIDDEN
    assert await door.say("/status") == "/status"
    assert await door.veil.kept(HOME, ADA, "/status") == "/status"


@pytest.mark.parametrize("private", [True, False])
async def test_also_a_form_and_a_forwarded_text(door: Door, *, private: bool) -> None:
    tap = Tap("connect", 0, 0)
    stored = await door.say("hunter22 hunter23", tap=tap, private=private)
    assert (veiled(stored) is not None) == private
    assert (veiled(await door.say("hunter22", forwarded="Ada")) is not None) == private


async def test_a_restart_between_changes_nothing(door: Door) -> None:
    await door.say("/connect binance")
    after = Door(InMemory(door.memory.database))
    assert veiled(await after.say("hunter22")) is not None


async def test_it_ends_for_the_chat_and_the_sender_that_began(door: Door) -> None:
    await door.say("/connect")
    assert await door.say("hunter22", place=Place("chatter", "other")) == "hunter22"
    assert await door.say("hunter22", sender=Identity("chatter", "bob")) == "hunter22"
    await disarm(door.memory.notes, door.incoming(), token_of(door.incoming(key="u1")))
    assert await door.say("hunter22") == "hunter22"
    assert await door.veil.kept(HOME, ADA, "hunter22") == "hunter22"


async def test_an_end_that_comes_late_ends_nothing_of_a_later_question(door: Door) -> None:
    first = await arm(door.memory.notes, door.incoming())
    await door.say("/connect")
    await disarm(door.memory.notes, door.incoming(), first)
    assert veiled(await door.say("hunter22")) is not None


async def test_a_forwarded_command_asks_for_nothing(door: Door) -> None:
    await door.say("/connect", forwarded="Bob")
    assert await door.say("hunter22") == "hunter22"


async def test_nobody_has_a_text_opened_that_the_door_did_not_seal(door: Door) -> None:
    stolen = f"🔏{'0' * 8} {VAULT.seal('the key of somebody else')}"
    assert veiled(await door.say(stolen)) is None
    await door.say("/connect")
    again = veiled(await door.say(stolen))
    assert again is not None and VAULT.open(again.sealed) == ""
    twice = await door.say(f"/connect {VAULT.seal('the key of somebody else')}")
    assert "somebody" not in VAULT.open(twice.removeprefix("/connect "))


@pytest.mark.parametrize(
    ("said", "carries"),
    [
        (f"/connect binance {KEY} {SECRET}", True),
        (f"/settings key {MODEL_KEY}", True),
        (KEY, True),
        ("Buy BTC when RSI(14) is below 30", False),
        ("/connect binance", False),
        ("/status", False),
    ],
)
async def test_what_must_not_stand_in_its_chat(door: Door, said: str, *, carries: bool) -> None:
    await door.say("/connect")
    stored = await door.veil.sealed(door.incoming(said))
    assert door.veil.carries_a_key(stored) is carries
    assert not door.veil.carries_a_key(await door.veil.sealed(door.incoming(said, private=False)))


@given(st.text("abcdefghijklmnopqrstuvwxyzABCDEFGHIJ0123456789", min_size=32, max_size=96))
def test_whatever_is_long_and_mixed_does_not_pass(key: str) -> None:
    mixed = any(sign.isdigit() for sign in key) and any(sign.isalpha() for sign in key)
    assert (key in without_keys(f"here: {key}, and more")) == (not mixed)
