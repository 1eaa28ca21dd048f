"""The record as a file: for everybody who has its address, without what is too young."""

from datetime import timedelta

from aiohttp.test_utils import TestClient, TestServer
from aiohttp.web import Application

from agents.domain.chain_file import read_chain
from agents.domain.publishing import Channel
from agents.domain.record import record_key
from agents.domain.user import Place
from bot.record_web import RecordFiles
from tests.support.chains import a_chain
from tests.support.clock import ManualClock
from tests.support.memory import InMemory


class Web:
    """A channel with a record, and a client of the web server."""

    def __init__(self) -> None:
        self.memory = InMemory()
        self.clock = ManualClock()
        self.app = Application()
        self.app.add_routes(RecordFiles(self.memory, self.clock).routes())

    async def channel(self, delay: int = 0, length: int = 9) -> tuple[Channel, str]:
        now = self.clock.wall()
        channel = await self.memory.channels.open(
            Place("telegram", "-100"), "Calls ✅", 1, delay, now
        )
        for entry in a_chain(length):
            key = f"k{entry.number}"
            at = now - timedelta(hours=1)
            await self.memory.record.append(channel.id, key, entry.kind, entry.body, at)
        return channel, record_key(await self.memory.record.entries(channel.id))

    async def get(self, name: str) -> tuple[int, bytes]:
        async with TestClient(TestServer(self.app)) as client:
            answer = await client.get(f"/record/{name}")
            return answer.status, await answer.read()


async def test_the_file_verifies() -> None:
    web = Web()
    channel, key = await web.channel()
    status, body = await web.get(f"{channel.id}-{key}.jsonl")
    assert status == 200
    chain = read_chain(body)
    assert (chain.title, chain.count, chain.faults()) == ("Calls ✅", 9, [])
    assert list(chain.items) == await web.memory.record.entries(channel.id)


async def test_what_is_too_young_is_left_out() -> None:
    web = Web()
    channel, key = await web.channel(delay=900)
    at = web.clock.wall() - timedelta(seconds=899)
    young = await web.memory.record.append(channel.id, "young", "signal", {"signal": 99}, at)
    assert young is not None
    _, body = await web.get(f"{channel.id}-{key}.jsonl")
    assert read_chain(body).count == 9
    assert read_chain(body).faults() == []
    assert young.hash.encode() not in body


async def test_a_record_that_is_all_too_young_is_not_there() -> None:
    web = Web()
    channel, key = await web.channel(delay=7200)
    assert (await web.get(f"{channel.id}-{key}.jsonl"))[0] == 404


async def test_who_guesses_gets_nothing() -> None:
    web = Web()
    channel, key = await web.channel()
    for name in (
        f"{channel.id}.jsonl",
        f"{channel.id}-{'0' * 16}.jsonl",
        f"{channel.id + 1}-{key}.jsonl",
        f"{10**17}-{key}.jsonl",
        f"{channel.id}-{key}.json",
        "..%2f..%2fetc%2fpasswd",
        "é.jsonl",
    ):
        status, body = await web.get(name)
        assert status == 404, name
        assert b"Traceback" not in body
