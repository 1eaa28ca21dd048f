"""The parts list put together in one process, on files of its own."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import aiohttp
import pytest

from agents.domain.chain_file import read_chain
from agents.domain.errors import OperatorNeeded
from agents.domain.record import record_key
from agents.domain.user import Place
from bot.app import build
from bot.settings import Settings
from tests.support.chains import a_chain


def settings(folder: Path, **changes) -> Settings:
    told = {"database_url": f"sqlite://{folder}/parley.db", "port": 0, "secret": "x" * 44}
    return Settings(**{**told, **changes})


async def test_the_pages_token_stays_the_same_after_a_restart(tmp_path: Path) -> None:
    tokens = []
    for _ in range(2):
        app = await build(settings(tmp_path))
        tokens.append(app.parts.token)
        await app.stop()
    assert tokens[0] == tokens[1]
    assert len(tokens[0]) >= 24


async def test_it_runs_and_its_numbers_can_be_read(tmp_path: Path) -> None:
    app = await build(settings(tmp_path))
    address = (await app.start()).partition("/?token=")[0]
    try:
        async with asyncio.timeout(20), aiohttp.ClientSession() as client:
            while not app.parley.awake:
                async with client.get(f"{address}/health") as answer:
                    assert (await answer.json())["database"] == "ok"
            async with client.get(f"{address}/metrics") as answer:
                text = await answer.text()
    finally:
        await app.stop()
    for name in ("cycle_seconds", "loop_lag_seconds", "outbox_waiting", "ticks_total"):
        assert f"parley_{name}" in text


async def test_a_port_that_is_taken_is_a_sentence_and_the_database_is_free_again(
    tmp_path: Path,
) -> None:
    first = await build(settings(tmp_path / "one"))
    address = await first.start()
    port = int(address.partition("/?")[0].rpartition(":")[2])
    try:
        second = await build(settings(tmp_path / "two", port=port))
        with pytest.raises(OperatorNeeded, match=f"Port {port} on 127.0.0.1 is taken"):
            await second.start()
        again = await build(settings(tmp_path / "two"))
        await again.stop()
    finally:
        await first.stop()


async def test_a_second_desk_on_one_file_is_refused(tmp_path: Path) -> None:
    first = await build(settings(tmp_path))
    try:
        with pytest.raises(OperatorNeeded):
            await build(settings(tmp_path))
    finally:
        await first.stop()


async def test_a_folder_without_candles_leaves_nothing_open(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    app = await build(settings(tmp_path, market=f"replay:{tmp_path}/empty"))
    with pytest.raises(OperatorNeeded):
        await app.start()
    again = await build(settings(tmp_path))
    await again.stop()


async def test_a_record_can_be_fetched_and_verifies(tmp_path: Path) -> None:
    app = await build(settings(tmp_path))
    address = (await app.start()).partition("/?token=")[0]
    try:
        place, now = Place("telegram", "-1"), datetime.now(UTC)
        channel = await app.memory.channels.open(place, "Calls", 1, 0, now)
        for entry in a_chain(7):
            key = f"k{entry.number}"
            await app.memory.record.append(channel.id, key, entry.kind, entry.body, now)
        key = record_key(await app.memory.record.entries(channel.id))
        async with aiohttp.ClientSession() as client:
            async with client.get(f"{address}/record/{channel.id}-{key}.jsonl") as answer:
                chain = read_chain(await answer.read())
            async with client.get(f"{address}/record/{channel.id}.jsonl") as answer:
                assert answer.status == 404
    finally:
        await app.stop()
    assert (chain.title, chain.count, chain.faults()) == ("Calls", 7, [])
