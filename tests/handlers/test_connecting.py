"""/connect and /disconnect: by steps and in one message, and what a key must not be able to do."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

import pytest

from agents.domain.desks import Rule
from agents.domain.errors import AskUser, BrokerAway, KeyRefused
from agents.domain.order import OrderKind, OrderSide
from agents.domain.strategy import Mode, Side
from agents.domain.user import NoticeKind, Place
from agents.domain.venue import (
    Connection,
    ConnectionState,
    Credentials,
    FindingState,
    Holding,
    VenueOrder,
    VenuePosition,
)
from agents.execution.venues.connections import Connecting, NewKey
from handlers.chat import Reply
from tests.support.conversation import ADA, Conversation, buttons, conversation, plain
from tests.support.keychecks import GOOD, AnsweringKeyCheck
from tests.support.memory import InMemory
from tests.support.vaults import VAULT

KEY = "vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A"
SECRET = "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j"
PASSWORD = "Correct horse 1"
ONE_MESSAGE = f"/connect binance {KEY} {SECRET}"


@pytest.fixture
def check() -> AnsweringKeyCheck:
    return AnsweringKeyCheck()


@pytest.fixture
async def talk(check: AnsweringKeyCheck) -> Conversation:
    made = await conversation(key_check=check)
    made.candles()
    made.world.market.tick("60000")
    return made


async def connection(talk: Conversation) -> Connection | None:
    return await talk.desk.memory.connections.of((await talk.user()).id)


async def connected(talk: Conversation) -> Connection:
    await talk.say(ONE_MESSAGE, message_id="m1")
    await talk.press("Yes, connect")
    stored = await connection(talk)
    assert stored is not None
    return stored


def kept(talk: Conversation) -> str:
    """Everything that is on disk."""
    database = talk.world.database
    return repr([(name, list(database.table(name).rows.items())) for name in database.names()])


def nothing_leaked(talk: Conversation) -> None:
    written = kept(talk) + plain(talk.shown) + json.dumps([one.as_json() for one in talk.shown])
    for hidden in (KEY, SECRET, PASSWORD):
        assert hidden not in written


def removed(replies: Sequence[Reply]) -> list[str]:
    return [one.removes for one in replies if one.removes]


# --- how one connects -----------------------------------------------------------------------------


async def test_in_one_message(talk: Conversation, check: AnsweringKeyCheck) -> None:
    said = await talk.say(ONE_MESSAGE, message_id="m1")
    assert removed(said) == ["m1"]
    assert plain(said) == (
        "🔗 Binance: the key ending in Eh8A works\n"
        "It may read and trade; it can't withdraw.\n"
        "It is bound to addresses, as it should be.\n"
        "The account is worth 12,345.60 USDT, of which 9,999.50 is free.\n"
        "Yours, and not touched by me: 0.75 ETH.\n"
        "\n"
        "Then a strategy can trade here with real money once you take it live with /mode, within "
        "your /limits, and never before.\n"
        "Connect with it?"
    )
    assert await connection(talk) is None
    [told] = await talk.press("Yes, connect")
    assert "Binance is connected" in plain([told]) and told.edits
    stored = await connection(talk)
    assert stored is not None
    assert Credentials.read(VAULT.open(stored.sealed)) == Credentials(KEY, SECRET)
    assert (stored.exchange, stored.ends, stored.state) == (
        "binance",
        "Eh8A",
        ConnectionState.READY,
    )
    assert stored.baseline == {"ETH": Decimal("0.75")}
    assert (stored.restricted, stored.seen_until) == (True, talk.desk.clock.now())
    assert check.asked == [("binance", Credentials(KEY, SECRET))] * 2
    nothing_leaked(talk)


async def test_nobody_is_told_what_an_exchange_does_not_tell(
    talk: Conversation, check: AnsweringKeyCheck
) -> None:
    check.now(withdraws=None)
    said = plain(await talk.say(ONE_MESSAGE))
    assert "it can't withdraw" not in said
    assert "does not tell whether it may withdraw" in said


async def test_by_steps(talk: Conversation) -> None:
    assert "withdrawals off" in plain(await talk.say("/connect"))
    assert "Send me the API key of Binance" in plain(await talk.press("Binance"))
    said = await talk.say(KEY, message_id="m1")
    assert "secret that belongs to it" in plain(said) and removed(said) == ["m1"]
    said = await talk.say(SECRET, message_id="m2")
    assert "Connect with it?" in plain(said) and removed(said) == ["m2"]
    nothing_leaked(talk)
    await talk.press("Yes, connect")
    assert (await connected_key(talk)) == Credentials(KEY, SECRET)
    nothing_leaked(talk)
    assert "strategy" in plain(await talk.say("what a nice day"))  # a plain text again


async def connected_key(talk: Conversation) -> Credentials:
    stored = await connection(talk)
    assert stored is not None
    return Credentials.read(VAULT.open(stored.sealed))


async def test_with_a_password_and_both_parts_at_once(talk: Conversation) -> None:
    assert "the API key of OKX" in plain(await talk.say("/connect okx"))
    said = await talk.say(f"API key: {KEY}\nSecret key: {SECRET}")
    assert "passphrase" in plain(said)
    await talk.say(PASSWORD)
    await talk.press("Yes, connect")
    assert (await connected_key(talk)) == Credentials(KEY, SECRET, PASSWORD)
    nothing_leaked(talk)


async def test_a_secret_that_begins_as_a_command_does(talk: Conversation) -> None:
    secret = f"/{SECRET[1:-2]}=="
    await talk.say("/connect binance")
    await talk.say(KEY)
    await talk.say(secret)
    await talk.press("Yes, connect")
    assert (await connected_key(talk)) == Credentials(KEY, secret)


async def test_a_restart_between_the_steps(talk: Conversation) -> None:
    await talk.say("/connect binance")
    await talk.say(KEY)
    await talk.start()
    await talk.say(SECRET)
    await talk.start()
    await talk.press("Yes, connect")
    assert (await connected_key(talk)) == Credentials(KEY, SECRET)
    nothing_leaked(talk)


async def test_key_and_secret_in_one_breath_before_anything_was_answered(
    talk: Conversation,
) -> None:
    """What waits in the inbox while the first is handled is sealed already."""
    await talk.user()
    come = [
        await talk.veil.sealed(talk.incoming(ADA, text=said))
        for said in ("/connect binance", KEY, SECRET)
    ]
    assert KEY not in str(come) and SECRET not in str(come)
    answers = [await talk.router.handle(one) for one in come]
    assert "Connect with it?" in plain(answers[-1])


async def test_a_form_gives_tap_and_text_together(talk: Conversation) -> None:
    assert talk.router.forms()["connect"]
    [opening] = await talk.say("/connect")
    data = buttons(opening)[0].data
    said = await talk.tap_data(data, text=f"{KEY}\n{SECRET}", message_id="i7u42")
    assert "Connect with it?" in plain(said)
    nothing_leaked(talk)


async def test_handled_again_after_a_kill_it_asks_the_same(talk: Conversation) -> None:
    await talk.say("/connect binance")
    first = await talk.say(KEY, key="same")
    again = await talk.say(KEY, key="same")
    assert plain(first) == plain(again)
    await talk.say(SECRET)
    await talk.press("Yes, connect")
    assert (await connected_key(talk)) == Credentials(KEY, SECRET)


# --- what is wrong with a key ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"withdraws": True}, "Switch withdrawals off"),
        ({"trades": False}, "may not trade"),
        ({"reads": False}, "may not read"),
        ({"hedged": True}, "hedge mode"),
    ],
    ids=["withdraws", "no trading", "no reading", "hedged"],
)
async def test_a_key_that_is_not_taken(
    talk: Conversation, check: AnsweringKeyCheck, changes: dict[str, Any], words: str
) -> None:
    check.now(**changes)
    said = await talk.say(ONE_MESSAGE, message_id="m1")
    assert words in plain(said) and removed(said) == ["m1"]
    assert "/connect again" in plain(said)
    assert not buttons(*said) and await connection(talk) is None
    nothing_leaked(talk)


async def test_a_key_that_changed_before_the_yes(
    talk: Conversation, check: AnsweringKeyCheck
) -> None:
    await talk.say(ONE_MESSAGE)
    check.now(withdraws=True)
    assert "may withdraw" in plain(await talk.press("Yes, connect"))
    assert await connection(talk) is None


@pytest.mark.parametrize(
    ("restricted", "words"),
    [(False, "⚠️ The key works from any address"), (None, "does not tell whether")],
)
async def test_an_address_that_is_not_bound_is_warned_of(
    talk: Conversation, check: AnsweringKeyCheck, restricted: bool | None, words: str
) -> None:
    check.now(restricted=restricted)
    assert words in plain(await talk.say(ONE_MESSAGE))
    await talk.press("Yes, connect")
    assert words in plain(await talk.say("/connect"))


async def test_a_key_that_the_exchange_refuses(
    talk: Conversation, check: AnsweringKeyCheck
) -> None:
    check.faults.append(KeyRefused("The signature is wrong"))
    said = await talk.say(ONE_MESSAGE, message_id="m1")
    assert "Binance is not connected with this key\nThe signature is wrong." in plain(said)
    assert removed(said) == ["m1"]
    await talk.press("Binance")
    await talk.say(f"{KEY} {SECRET}")
    await talk.press("Yes, connect")
    assert await connection(talk) is not None


async def test_a_sentence_in_between_does_not_lose_the_key_that_waits(
    talk: Conversation, check: AnsweringKeyCheck
) -> None:
    check.faults += [BrokerAway()]
    await talk.say(ONE_MESSAGE)
    said = await talk.say("is it there again by now", message_id="m2")
    assert "still waits to be checked" in plain(said) and removed(said) == ["m2"]
    await talk.press("Check again")
    await talk.press("Yes, connect")
    assert await connected_key(talk) == Credentials(KEY, SECRET)
    nothing_leaked(talk)


async def test_an_exchange_that_is_away_is_asked_again(
    talk: Conversation, check: AnsweringKeyCheck
) -> None:
    check.faults += [BrokerAway(), BrokerAway()]
    said = await talk.say(ONE_MESSAGE, message_id="m1")
    assert "could not be asked" in plain(said) and removed(said) == ["m1"]
    assert "could not be asked" in plain(await talk.press("Check again"))
    await talk.press("Check again")
    check.faults.append(BrokerAway())
    assert "Try again?" in plain(await talk.press("Yes, connect"))
    assert await connection(talk) is None
    await talk.press("Yes, try again")
    assert await connection(talk) is not None
    nothing_leaked(talk)


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("one two three", "Those are 3 words, and I need 2: the key and the secret"),
        ("ab", "does not look like a part of a key"),
        ("kéy-with-accent", "does not look like a part of a key"),
    ],
)
async def test_what_is_no_key_is_asked_for_again(talk: Conversation, said: str, words: str) -> None:
    await talk.say("/connect binance")
    answer = await talk.say(said, message_id="m1")
    assert words in plain(answer) and removed(answer) == ["m1"]
    await talk.say(f"{KEY} {SECRET}")
    await talk.press("Yes, connect")
    assert await connection(talk) is not None


async def test_an_exchange_that_is_not_traded_here(talk: Conversation) -> None:
    said = await talk.say(f"/connect mtgox {KEY} {SECRET}", message_id="m1")
    assert "can't trade at mtgox" in plain(said) and removed(said) == ["m1"]
    assert "can't trade at mtgox" in plain(await talk.say("/connect mtgox"))
    nothing_leaked(talk)


async def test_on_a_played_market_there_is_nothing_to_connect() -> None:
    talk = await conversation()
    said = await talk.say(ONE_MESSAGE, message_id="m1")
    assert "PARLEY_MARKET=ccxt:binance" in plain(said) and removed(said) == ["m1"]
    assert "played market" in plain(await talk.say("/connect"))
    nothing_leaked(talk)


async def test_the_desks_secret_changed_between_the_steps(talk: Conversation) -> None:
    await talk.say("/connect binance")
    stored = await talk.veil.sealed(talk.incoming(ADA, text=KEY))
    lost = replace(stored, text=f"{str(stored.text)[:10]}gAAAAAbutNotOfUs")
    assert "secret has changed" in plain(await talk.router.handle(lost))


# --- other words while a key is awaited -----------------------------------------------------------


@pytest.mark.parametrize("said", ["no", "Cancel", "/cancel"])
async def test_it_can_be_left(talk: Conversation, said: str) -> None:
    await talk.say("/connect binance")
    await talk.say(said)
    assert "So far I understood" in plain(await talk.say("Buy BTC when RSI(14) is below 30 on 5m"))
    assert "veil:" not in kept(talk)


async def test_its_button_leaves_it(talk: Conversation) -> None:
    await talk.say("/connect binance")
    assert "nothing was done" in plain(await talk.press("Cancel"))
    assert "veil:" not in kept(talk)
    assert "over" in plain(await talk.press("Cancel"))


async def test_commands_and_plain_questions_are_heard_meanwhile(talk: Conversation) -> None:
    await talk.say("/connect binance")
    assert "Stop everything?" in plain(await talk.say("stop everything"))
    # Another question took its place: what was sealed by then is a sentence again.
    assert "strategy" in plain(await talk.say("hello out there"))


async def test_a_key_after_the_question_is_over_is_not_taken_for_a_sentence(
    talk: Conversation,
) -> None:
    await talk.say("/connect binance")
    await talk.say("/panic")
    said = await talk.say(SECRET, message_id="m9")
    assert "looks like a key" in plain(said) and removed(said) == ["m9"]
    nothing_leaked(talk)


async def test_a_key_in_a_sentence_is_not_kept(talk: Conversation) -> None:
    said = await talk.say(f"connect binance with {KEY} {SECRET}", message_id="m1")
    assert "I kept nothing of it" in plain(said) and removed(said) == ["m1"]
    nothing_leaked(talk)


# --- where one can't ------------------------------------------------------------------------------


async def test_a_key_in_a_group_is_burnt(talk: Conversation, check: AnsweringKeyCheck) -> None:
    await talk.user()
    said = await talk.say(ONE_MESSAGE, private=False, message_id="m1", chat="group")
    assert "make a new one" in plain(said) and removed(said) == ["m1"]
    said = await talk.say("/connect", private=False, chat="group")
    assert "in our private chat" in plain(said) and not removed(said)
    said = await talk.say(f"here: {SECRET}", private=False, message_id="m3", chat="group")
    assert "everybody here has seen it" in plain(said) and removed(said) == ["m3"]
    assert check.asked == [] and await connection(talk) is None
    nothing_leaked(talk)


async def test_the_button_of_another_chat_does_nothing_in_a_group(talk: Conversation) -> None:
    [said] = await talk.say("/connect")
    answer = await talk.tap(buttons(said)[0], private=False, chat="group")
    assert "Send me" not in plain(answer)


async def test_a_group_desks_account_cannot_connect(talk: Conversation) -> None:
    owner, wall = (await talk.user()).id, talk.desk.clock.wall()
    place = Place("chatter", "group")
    group = await talk.desk.memory.desks.open(place, "Swing", owner, Rule(1, 1), wall)
    assert group is not None
    stored = await connected(talk)
    key = NewKey("binance", stored.sealed, "Eh8A", True, {}, wall)
    with pytest.raises(AskUser, match="one person's own account"):
        await talk.desk.connecting.connect(group.account_id, key)
    assert await talk.desk.connecting.of(group.account_id) is None


# --- what is connected ----------------------------------------------------------------------------


async def test_positions_and_orders_that_were_there_are_named(
    talk: Conversation, check: AnsweringKeyCheck
) -> None:
    check.now(
        positions=(VenuePosition("BTC/USDT", Side.SHORT, Decimal("0.1"), Decimal(60000)),),
        orders=(
            VenueOrder(
                *("", "77", "BTC/USDT", OrderSide.BUY, OrderKind.LIMIT),
                *(Decimal(1), Decimal(0), Decimal(50000)),
            ),
        ),
    )
    said = plain(await talk.say(ONE_MESSAGE))
    assert "0.75 ETH, SHORT 0.1 BTC/USDT" in said
    assert "1 open order of yours stays as it is" in said
    await talk.press("Yes, connect")
    stored = await connection(talk)
    assert stored is not None
    assert stored.baseline == {"ETH": Decimal("0.75"), "BTC/USDT": Decimal("-0.1")}
    findings = talk.desk.memory.findings
    assert await findings.open(stored.owner_id) == []
    [order] = await findings.of(stored.owner_id, [FindingState.IGNORED])
    assert (order.key, order.symbol, order.quantity) == (
        "order:BTC/USDT:77",
        "BTC/USDT",
        Decimal(1),
    )
    await talk.say("/connect")
    await talk.press("Another key")
    check.now(orders=())
    await talk.say(f"{KEY[::-1]} {SECRET[::-1]}")
    await talk.press("Yes, connect")
    assert len(await findings.of(stored.owner_id, list(FindingState))) == 1


@dataclass
class Noted:
    """A part of a memory that notes what is asked of it."""

    name: str
    part: Any
    asked: list[str]

    def __getattr__(self, method: str) -> Any:
        self.asked.append(f"{self.name}.{method}")
        return getattr(self.part, method)


async def test_who_connects_and_disconnects_is_held_first(talk: Conversation) -> None:
    """So that no order is stored, and no account joined, after it was looked at."""
    stored = await connected(talk)
    asked: list[str] = []
    memory = InMemory(talk.world.database)
    for name in ("links", "desks", "connections", "positions", "orders", "strategies"):
        setattr(memory, name, Noted(name, getattr(memory, name), asked))
    connecting = Connecting(memory, talk.desk.clock, talk.desk.hands)
    key = NewKey("binance", "sealed", "abcd", True, {}, talk.desk.clock.now())
    await connecting.connect(stored.owner_id, key)
    assert asked[0] == "links.hold" and "connections.connect" in asked
    asked.clear()
    await connecting.disconnect(stored.owner_id)
    assert asked[0] == "links.hold" and "connections.disconnect" in asked


async def test_its_state_is_shown(talk: Conversation) -> None:
    await connected(talk)
    said = await talk.say("/connect")
    assert plain(said).startswith("🔗 Binance\nKey ending in Eh8A, since ")
    assert "✅ in order" in plain(said)
    owner, states = (await talk.user()).id, talk.desk.memory.connections
    await states.set_state(owner, ConnectionState.READY, ConnectionState.PAUSED, "0.1 BTC more")
    said = await talk.say("/connect")
    assert "⏸ opens no new trades: 0.1 BTC more\n/receipt" in plain(said)


async def test_another_key_keeps_everything_else(
    talk: Conversation, check: AnsweringKeyCheck
) -> None:
    first = await connected(talk)
    assert await talk.desk.connecting.refused(first.owner_id, "invalid key")
    check.now(holdings={"ETH": Holding(Decimal(99))})
    await talk.say("/connect")
    await talk.press("Another key")
    said = await talk.say(f"{KEY[::-1]} {SECRET[::-1]}")
    assert "takes the place of the earlier key" in plain(said)
    assert "0.75 ETH" in plain(said)
    await talk.press("Yes, connect")
    second = await connection(talk)
    assert second is not None
    assert (second.ends, second.state, second.why) == ("UPmv", ConnectionState.READY, "")
    assert (second.baseline, second.seen_until) == (first.baseline, first.seen_until)


async def test_a_paused_account_stays_paused_with_another_key(talk: Conversation) -> None:
    first = await connected(talk)
    await talk.desk.memory.connections.set_state(
        first.owner_id, ConnectionState.READY, ConnectionState.PAUSED, "0.1 BTC more"
    )
    second = await connected(talk)
    assert (second.state, second.why) == (ConnectionState.PAUSED, "0.1 BTC more")


async def live(talk: Conversation) -> int:
    """A strategy with real money; its id."""
    strategy = await talk.strategy()
    await talk.desk.memory.strategies.set_mode(
        strategy.owner_id, strategy.id, strategy.mode, Mode.LIVE
    )
    return strategy.id


async def test_another_exchange_while_strategies_are_live(talk: Conversation) -> None:
    await connected(talk)
    await live(talk)
    said = await talk.say(f"/connect okx {KEY} {SECRET} {PASSWORD}", message_id="m1")
    assert "strategies trade real money there" in plain(said) and removed(said) == ["m1"]
    stored = await connection(talk)
    assert stored is not None and stored.exchange == "binance"


async def test_another_exchange_takes_the_place_of_one_that_nothing_uses(
    talk: Conversation,
) -> None:
    await connected(talk)
    await talk.say(f"/connect okx {KEY} {SECRET} {PASSWORD}")
    await talk.press("Yes, connect")
    stored = await connection(talk)
    assert stored is not None and stored.exchange == "okx"


# --- /disconnect ----------------------------------------------------------------------------------


async def test_what_is_paused_already_will_not_be_paused(talk: Conversation) -> None:
    await connected(talk)
    await live(talk)
    await talk.say("/pause 1")
    assert "will be paused" not in plain(await talk.say("/disconnect"))


async def test_disconnecting(talk: Conversation) -> None:
    assert "No exchange is connected" in plain(await talk.say("/disconnect"))
    await connected(talk)
    number = await live(talk)
    await talk.say("/connect")
    said = await talk.press("Disconnect")
    assert "can't trade without it and will be paused" in plain(said)
    said = await talk.press("Yes, disconnect")
    assert "Delete it at the exchange too" in plain(said) and "Paused: #1" in plain(said)
    assert await connection(talk) is None
    strategy = await talk.desk.memory.strategies.get((await talk.user()).id, number)
    assert (strategy.state.value, strategy.pause_reason) == ("paused", "binance was disconnected")
    events = await talk.desk.memory.audit.recent((await talk.user()).id, 10)
    assert [one["what"] for one in events if "connect" in one["what"]] == ["disconnect", "connect"]
    assert "gAAAA" not in str(events)


async def test_open_trades_keep_it_connected(talk: Conversation) -> None:
    await connected(talk)
    position = await talk.position()
    table = talk.world.memory.database.table("positions")
    table.put(position.id, replace(table.rows[position.id], mode=Mode.LIVE))
    said = await talk.say("/disconnect")
    assert "1 trade open it stays connected" in plain(said) and not buttons(*said)
    assert "/close all, or /panic" in plain(said)


async def test_a_trade_that_opened_before_the_yes_keeps_it_connected(talk: Conversation) -> None:
    await connected(talk)
    position = await talk.position()
    await talk.say("/disconnect")
    table = talk.world.memory.database.table("positions")
    table.put(position.id, replace(table.rows[position.id], mode=Mode.LIVE))
    assert "1 trade open it stays connected" in plain(await talk.press("Yes, disconnect"))
    assert await connection(talk) is not None


async def test_an_account_that_does_not_hold_the_open_trade_is_asked_about(
    talk: Conversation, check: AnsweringKeyCheck
) -> None:
    await connected(talk)
    position = await talk.position()
    table = talk.world.memory.database.table("positions")
    table.put(position.id, replace(table.rows[position.id], mode=Mode.LIVE))
    assert "is it the same account?" in plain(await talk.say(ONE_MESSAGE))
    check.now(holdings={**GOOD.holdings, "BTC": Holding(Decimal(0), position.quantity)})
    assert "is it the same account?" not in plain(await talk.say(ONE_MESSAGE))


# --- a key that is refused later ------------------------------------------------------------------


async def test_a_refused_key_is_told_once(talk: Conversation) -> None:
    stored = await connected(talk)
    connecting = talk.desk.connecting
    why = "Binance does not take it. Make a new one."
    assert not await connecting.refused(stored.owner_id, why, "sealed before")
    assert await connecting.refused(stored.owner_id, why, stored.sealed)
    assert not await connecting.refused(stored.owner_id, why)
    told = [one for one in talk.world.memory.told if one.kind is NoticeKind.ACCOUNT]
    assert [one.facts for one in told] == [
        {
            "summary": "Your key ending in Eh8A: Binance does not take it. Make a new one. "
            "Nothing can be opened or closed there meanwhile; stops that rest at the exchange "
            "stay there.",
            "state": "refused",
            "exchange": "binance",
        }
    ]
    assert "⛔ refused: Binance does not take it" in plain(await talk.say("/connect"))


async def test_nobody_elses_account_is_shown(talk: Conversation) -> None:
    await connected(talk)
    bob = await talk.stranger_in()
    assert "Connect an exchange account" in plain(await talk.say("/connect", bob))
    assert "No exchange is connected" in plain(await talk.say("/disconnect", bob))
