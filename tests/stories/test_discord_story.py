"""The main job over Discord: the real process, the real client library, real candles."""

import asyncio
import re
from collections.abc import AsyncIterator, Mapping
from decimal import Decimal
from pathlib import Path

import pytest

from tests.support.discord_interactions import COMPLETION
from tests.support.discord_limits import Limits
from tests.support.discord_person import DiscordPerson
from tests.support.discord_server import TOKEN, DiscordServer
from tests.support.discord_world import Message
from tests.support.ledger import check_books, rows
from tests.support.running import DIP, UNHURRIED, Running, market_at, running

SENTENCE = "Buy BTC when RSI(14) on 5m drops below 35, stop 1%, target 2R, risk 1%"
ADMIN, STRANGER = 42, 99
WHILE_OPEN = {
    "/status": ("Status at", "rsi(14)"),
    "/balance": ("Balance", "USDT"),
    "/why": ("last decision", "BTC/USDT"),
    "/why 1": ("LONG BTC/USDT", "rsi(14)"),
    "/strategies": ("Strategies (1)", "active"),
    "/chart BTC 5m": ("BTC/USDT · 5m", "Last price"),
    "/settings": ("Settings", "Time zone: UTC"),
    "/help": ("/status", "/panic"),
}
AFTERWARDS = {
    "/profit": ("Realised", "Fees"),
    "/trades": ("Trades", "BTC/USDT"),
    "/performance": ("Win rate", "Average R"),
    "/proposals": ("Proposals", "LONG BTC/USDT"),
    "/costs": ("paper fill costs", "0.06%"),
    "/daily": ("By day", "20"),
}


@pytest.fixture
async def discord() -> AsyncIterator[DiscordServer]:
    async with DiscordServer() as server:
        server.limits = Limits()
        server.interactions.hurried = True
        yield server


def settings(discord: DiscordServer, **more: str) -> dict[str, str]:
    return {
        "DISCORD_BOT_TOKEN": TOKEN,
        "DISCORD_API_URL": discord.url,
        "PARLEY_ADMINS": f"discord:{ADMIN}",
        **more,
    }


async def test_the_main_job_on_real_candles(
    tmp_path: Path, shared_data: Path, discord: DiscordServer
) -> None:
    played = settings(
        discord,
        PARLEY_MARKET=f"replay:{shared_data}/replay_5m_2022",
        PARLEY_REPLAY_START="2022-01-20T19:30:00Z",
        PARLEY_SPEED="600",
    )
    ann = DiscordPerson(discord, ADMIN)
    async with running(tmp_path, **played) as desk:
        await activated(ann)
        card = await traded(ann)
        await suggested(ann)
        await asked(ann, WHILE_OPEN)
        await ann.see("Closed LONG", "P&L")
        check_one_trade(desk, ann, card)
        await changed_my_mind(ann, after=card.id)
        await traded(ann, after=(await ann.offered("Approve")).id - 1)
        await stopped_everything(desk, ann)
        await asked(ann, AFTERWARDS)
        await in_a_server(ann)
        await strangers(desk, ann)
        assert await desk.terminate() == 0
        check_books(desk.database)
        assert "Traceback" not in desk.log and " error " not in desk.log
    check_discord(discord)


async def activated(ann: DiscordPerson) -> None:
    """From the first word to a strategy that watches."""
    await ann.server.wait_for(lambda: ann.server.rest.commands, 60)
    await ann.server.connected()
    hello = await ann.ask("/start", "Welcome, Ann")
    assert hello.text.count("\n") == 3
    await ann.wait(lambda message: len(message.buttons) == 3, "three examples")
    await ann.ask(SENTENCE, "entry long: rsi(14) < 35", "stop: 1%", "target: 2R", "Risk 1%")
    draft = await ann.offered("Activate")
    await edited(ann, draft)
    await ann.press(draft, "Activate")
    await ann.see("active", after=draft.id - 1)


async def edited(ann: DiscordPerson, draft: Message) -> None:
    """A button that asks for a text opens a form; what stands there may be discarded, too."""
    opened = await ann.press(draft, "Edit")
    assert opened.form and opened.form["title"]
    await ann.fill(opened, "risk 2%")
    proposal = await ann.see("Change #1", "+ 2", after=draft.id)
    await ann.press(await ann.offered("No", after=proposal.id - 1), "No")


async def traded(ann: DiscordPerson, after: int = 0) -> Message:
    """The next proposal that the price leaves time to approve, filled; its card."""
    card = await proposed(ann, after)
    while "Approved" not in card.text:
        card = await proposed(ann, card.id)
    filled = await ann.see("Filled LONG BTC/USDT", "Bought", "Fee", after=card.id)
    assert filled.reply_to == card.id
    await ann.wait(lambda message: message.id == card.id and "filled at" in message.text, "filled")
    return card


async def proposed(ann: DiscordPerson, after: int) -> Message:
    """The next proposal's card, once it has been answered with Approve."""
    card = await ann.offered("Approve", after)
    assert card.picture and card.picture.startswith(b"\x89PNG")
    assert card.embeds[0]["image"]
    assert {"Approve", "Veto", "Half", "Details"} <= {
        label.split()[1] for label in card.buttons if " " in label
    }
    for word in ("LONG BTC/USDT", "Entry", "Stop", "Target", "Size", "Risk", "Expires in"):
        assert word in card.text
    await ann.approve(card)
    return card


def check_one_trade(desk: Running, ann: DiscordPerson, card: Message) -> None:
    """What was said of the first trade is what is stored, and the books are right."""
    [closed] = [message for message in ann.messages if "Closed LONG" in message.text]
    assert closed.reply_to == card.id and closed.picture
    [position] = rows(desk.database, "SELECT * FROM positions ORDER BY id LIMIT 1")
    entry, left = rows(desk.database, "SELECT * FROM fills ORDER BY id LIMIT 2")
    assert f"at {Decimal(left['price']):,}" in closed.text
    assert f"{Decimal(entry['quantity']).normalize():f} BTC" in closed.text
    fees = Decimal(entry["fee"]) + Decimal(left["fee"])
    gross = (Decimal(left["price"]) - Decimal(entry["price"])) * Decimal(entry["quantity"])
    assert (Decimal(position["fees"]), Decimal(position["realised"])) == (fees, gross)
    assert f"P&L {gross - fees:+,.2f} USDT" in closed.text
    risked = Decimal(entry["price"]) - Decimal(position["initial_stop"])
    r = (gross - fees) / (risked * Decimal(entry["quantity"]))
    assert f"{r:+.2f}R" in closed.text
    assert f"fees in all {fees:,.2f}" in closed.text
    check_books(desk.database)


async def suggested(ann: DiscordPerson) -> None:
    """While the trade is open."""
    [(label, words)] = await ann.suggested("close", "bt")
    assert label.startswith("#1 LONG BTC/USDT") and words == "1"
    assert await ann.suggested("close", "eth") == []
    assert [words for _, words in await ann.suggested("pause")] == ["1"]
    assert await ann.suggested("resume") == []
    assert (await ann.suggested("chart", "bitcoin"))[0] == ("BTC/USDT", "BTC/USDT")
    assert not any(one.late for one in ann.server.interactions.all.values())


async def changed_my_mind(ann: DiscordPerson, after: int) -> None:
    """Half the size, an old button, and then a veto with its reason."""
    card = await ann.offered("Approve", after)
    old = card.button("Approve")
    await ann.press(card, "Half size")
    await ann.wait(lambda message: "Version 2: half size" in message.text, "a second version")
    await ann.press_id(card, old)
    await ann.see("older version", "Nothing was traded", after=card.id)
    await ann.press(card, "Veto")
    await ann.wait(lambda message: message.id == card.id and "Vetoed" in message.text, "a veto")
    assert not card.buttons
    question = await ann.offered("Bad timing", after=card.id)
    await ann.press(question, "Bad timing")
    await ann.wait(
        lambda message: message.id == card.id and "bad timing" in message.text, "the reason"
    )


async def asked(ann: DiscordPerson, answers: Mapping[str, tuple[str, ...]]) -> None:
    for words, answer in answers.items():
        said = await ann.ask(words, *answer)
        assert not words.startswith("/chart") or said.picture


async def stopped_everything(desk: Running, ann: DiscordPerson, *open_ones: str) -> None:
    """/panic: one Yes, and everything is flat."""
    question = await ann.ask("/panic", "Stop everything?", *open_ones)
    await ann.offered("Yes", after=question.id - 1)
    await ann.press(question, "Yes")
    await ann.see("Panic over: everything is flat", after=question.id)
    await ann.ask("/strategies", "paused")
    assert not rows(desk.database, "SELECT id FROM positions WHERE state != 'closed'")
    assert not rows(desk.database, "SELECT id FROM proposals WHERE state = 'pending'")


async def in_a_server(ann: DiscordPerson) -> None:
    """What is Ann's own is for her eyes alone; what is nobody's everybody sees."""
    guild = ann.server.guild()
    ann.server.join(guild, ADMIN, "Ann")
    ann.server.join(guild, STRANGER, "Bob")
    here = ann.at(ann.server.channel(guild))
    for words in ("/balance", "/trades"):
        assert (await here.ask(words, "USDT")).ephemeral
    await here.ask("@Parley what is my balance?", "private")
    chart = await here.ask("/chart BTC 5m", "Last price")
    assert chart.picture and not chart.ephemeral
    assert not any("USDT\n" in one.text for one in ann.server.messages(here.channel, STRANGER))


async def strangers(desk: Running, ann: DiscordPerson) -> None:
    """One polite line and then silence, until they are let in."""
    bob = DiscordPerson(ann.server, STRANGER, "Bob")
    await bob.ask("/start", "private trading desk", "invitation code")
    for words in ("/status", SENTENCE, "WRONGCODE7"):
        bob.say(words)
    assert await bob.suggested("close") == []
    made = await ann.ask("/invite", "invitation for one person")
    [code] = [text for style, text in made.spans if style == "code" and "/" not in text]
    await handled(desk, ann)
    assert len(bob.messages) == 1
    await bob.ask(code, "Welcome, Bob")
    await bob.ask("/balance", "account")
    assert not any("BTC" in message.text for message in bob.messages[1:] if message.picture)


async def handled(desk: Running, ann: DiscordPerson) -> None:
    """Until everything that people did was received and dealt with: what opens a form and what
    asks for suggestions is answered at once and not kept."""
    discord = ann.server
    asked = [one for one in discord.interactions.all.values() if one.type != COMPLETION]
    done = {f"m{one.id}" for one in discord.world.messages.values() if not one.from_bot}
    done |= {f"i{one.id}" for one in asked if not one.form}

    def dealt_with() -> bool:
        stored = rows(desk.database, "SELECT key, state FROM inbox")
        known = {row["key"].rpartition(":")[2] for row in stored}
        return done <= known and all(row["state"] == "done" for row in stored)

    async with asyncio.timeout(30):
        while not dealt_with():
            await ann.suggested("pause")  # there and back


def check_discord(discord: DiscordServer, processes: int = 1) -> None:
    """Nothing was refused (Discord bans who asks wrongly too often), no interaction came late, and
    no number was too long for a person."""
    assert [(call.path, *why) for call, *why in discord.refused if why[0] != 429] == []
    every = discord.interactions.all.values()
    assert all(one.acknowledged and not one.late for one in every)
    for message in discord.world.messages.values():
        assert not re.search(r"\d\.\d{9,}", message.text), message.text
        assert "**" not in message.text and "\\" not in message.text, message.text
    assert discord.rest.syncs == 1 and discord.gateway.counts["identify"] == processes


async def test_the_main_job_across_a_broken_line_a_second_tap_and_a_kill(
    home: Path, discord: DiscordServer
) -> None:
    """On the simulated market: one order, whatever happens around it, and the card tells its
    end."""
    ann = DiscordPerson(discord, ADMIN)
    await market_at(home, DIP)
    async with running(home, **settings(discord, **UNHURRIED)) as desk:
        await activated(ann)
        card = await ann.offered("Approve")
        approve = card.button("Approve")
        discord.gateway.ask_to_reconnect()
        tapped = await ann.press_id(card, approve)
        discord.gateway.repeat("INTERACTION_CREATE")
        await ann.see("Filled LONG BTC/USDT", after=card.id)
        await desk.kill()
        discord.pass_time(1000)
        await desk.start()
        await discord.connected()
        await ann.press_id(card, approve)
        await ann.see("Closed LONG", after=card.id)
        assert tapped.acknowledged
        assert len(rows(desk.database, "SELECT id FROM orders WHERE purpose = 'entry'")) == 1
        await ann.wait(lambda one: one.id == card.id and "filled at" in one.text, "the card")
        for told in ("Filled LONG", "Closed LONG"):
            assert [one.reply_to for one in ann.messages if told in one.text] == [card.id], told
        check_one_trade(desk, ann, card)
        await stopped_everything(desk, ann)
        assert await desk.terminate() == 0
        assert "Traceback" not in desk.log and " error " not in desk.log
    check_discord(discord, processes=2)
