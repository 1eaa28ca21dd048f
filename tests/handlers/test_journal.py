"""/journal: each trade in full, with its pictures, and all of them as a file."""

import csv
import io
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from agents.domain.order import Fill, OrderSide
from agents.reporting import journal
from agents.reporting.journal import as_csv, slippage
from handlers.chat import Picture
from handlers.journal import slip
from tests.support.clock import START
from tests.support.conversation import Conversation, conversation, plain

PNG = b"\x89PNG"


async def closed(talk: Conversation):
    """A trade that was closed by hand."""
    position = await talk.position()
    await talk.desk.hands.close(position.owner_id, position.id)
    talk.world.market.tick("60500")
    await talk.world.settle()
    await talk.told()
    return await talk.desk.memory.positions.by_id(position.id)


async def table(talk: Conversation) -> list[dict[str, str]]:
    drawn = await talk.pictures(Picture("journal", {}, "journal.csv"), (await talk.user()).id)
    return list(csv.DictReader(io.StringIO(drawn.decode())))


async def test_a_trade_is_told_from_the_reason_to_the_result() -> None:
    talk = await conversation()
    position = await closed(talk)
    first, last = await talk.say(f"/journal {position.id}")
    assert "Why: " in first.words.plain() and "Plan: in 60,000.00" in first.words.plain()
    assert "Filled: " in first.words.plain()
    assert "closed: closed by hand" in last.words.plain()
    assert "60,024.00 → 60,475.80 in 1 s" in last.words.plain()


async def test_it_has_a_picture_of_the_entry_and_one_of_the_exit() -> None:
    talk = await conversation()
    position = await closed(talk)
    talk.candles()
    replies = await talk.say(f"/journal {position.id}")
    assert [reply.picture.kind for reply in replies if reply.picture] == ["entered", "position"]
    for reply in replies:
        assert reply.picture
        assert (await talk.pictures(reply.picture, position.owner_id)).startswith(PNG)


async def test_an_open_trade_has_its_entry_alone() -> None:
    talk = await conversation()
    position = await talk.position()
    [only] = await talk.say(f"/journal {position.id}")
    assert "Filled: " in only.words.plain()


async def test_the_list_opens_a_trade_and_sends_the_file() -> None:
    talk = await conversation()
    await closed(talk)
    assert "Journal (1)" in plain(await talk.say("/journal"))
    assert "closed: closed by hand" in plain(await talk.press("#1 BTC"))
    await talk.say("/journal")
    [file] = await talk.press("CSV")
    assert file.picture and file.picture.name == "journal-2026-03-02.csv"


async def test_the_file_has_every_trade_to_the_last_decimal() -> None:
    talk = await conversation()
    position = await closed(talk)
    talk.world.market.tick("60000")
    await talk.position()
    first, second = await table(talk)
    assert Decimal(first["net"]) == position.net()
    assert Decimal(first["fees"]) == position.fees
    assert (first["mode"], first["state"], second["state"]) == ("paper", "closed", "open")
    assert first["reason"] and first["exit_reason"] == "closed by hand"
    assert Decimal(first["planned_entry"]) == 60_000


async def test_nobody_gets_the_trades_of_others() -> None:
    talk = await conversation()
    position = await closed(talk)
    bob = await talk.stranger_in()
    assert "is not yours" in plain(await talk.say(f"/journal {position.id}", bob))
    assert "no trades yet" in plain(await talk.say("/journal csv", bob))
    other = await talk.user(bob)
    drawn = await talk.pictures(Picture("journal", {}, "journal.csv"), other.id)
    assert drawn.decode().count("\n") == 1


@pytest.mark.parametrize("said", ["/journal xyz", "/journal 1 2", f"/journal {'9' * 30}"])
async def test_what_can_not_be_read_is_said(said: str) -> None:
    talk = await conversation()
    assert "/journal 12 shows one trade" in plain(await talk.say(said))


async def test_words_that_a_spreadsheet_would_run_are_harmless() -> None:
    talk = await conversation()
    position = await closed(talk)
    found = await journal.entry(talk.desk.memory, position.owner_id, position.id)
    evil = replace(found, position=replace(found.position, strategy_name="=HYPERLINK(1)"))
    [row] = csv.DictReader(io.StringIO(as_csv([evil]).decode()))
    assert row["strategy"] == "'=HYPERLINK(1)"
    loss = replace(found, position=replace(found.position, realised=Decimal("-5.5")))
    [row] = csv.DictReader(io.StringIO(as_csv([loss]).decode()))
    assert row["gross"] == "-5.5"


def fill(side: OrderSide, price: str, quantity: str) -> Fill:
    fee = Decimal(0)
    return Fill("c", "t", "BTC/USDT", side, Decimal(price), Decimal(quantity), fee, "USDT", START)


def test_slippage_is_what_fills_were_worse_weighted_by_quantity() -> None:
    expected = Decimal(100)
    bought = [
        (expected, fill(OrderSide.BUY, "101", "1")),
        (expected, fill(OrderSide.BUY, "100", "3")),
    ]
    assert slippage(bought) == 25  # 1 of 400 is 25 basis points
    assert slippage([(expected, fill(OrderSide.SELL, "101", "1"))]) == -100
    assert slippage([]) is None


async def test_latencies_are_those_of_the_first_order_and_fill() -> None:
    talk = await conversation()
    position = await closed(talk)
    found = await journal.entry(talk.desk.memory, position.owner_id, position.id)
    tapped = START
    sent = tapped + timedelta(milliseconds=120)
    [(intent, one)] = found.entries
    slow = replace(one, heard_at=sent + timedelta(seconds=2))
    timed = replace(
        found,
        proposal=replace(found.proposal, resolved_at=tapped),
        fills=((replace(intent, sent_at=sent), slow),),
    )
    assert (timed.tap_to_order, timed.order_to_fill) == (0.12, 2.0)
    untold = replace(timed, fills=((replace(intent, sent_at=None), one),))
    assert (untold.tap_to_order, untold.order_to_fill) == (None, None)


@pytest.mark.parametrize(
    ("points", "words"),
    [
        ("0.04", ", as expected"),
        ("-0.04", ", as expected"),
        ("0.26", ", 0.3 bp worse than expected"),
        ("-4.12", ", 4.1 bp better than expected"),
    ],
)
def test_slippage_in_words(points: str, words: str) -> None:
    assert slip(Decimal(points)) == words
