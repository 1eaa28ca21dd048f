"""The record of each channel as a file: `GET /record/<channel>-<key>.jsonl`, for everybody.

Reads, and changes nothing. Entries that are younger than the channel's delay are left out. The key
is told in the channel, so that nobody can leaf through channels by counting.
"""

import re
from asyncio import to_thread
from collections.abc import Sequence
from datetime import timedelta
from hmac import compare_digest

from aiohttp import web

from agents.domain.chain_file import written
from agents.domain.errors import NotFound
from agents.domain.ports import Clock, Memory
from agents.domain.record import record_key

PATH = "/record/{name}"
_NAME = re.compile(r"(\d{1,18})-([0-9a-f]{16})\.jsonl")
_NONE = "There is no such record here. /record verify tells its address in the chat.\n"


class RecordFiles:
    """What answers for the records of one desk."""

    def __init__(self, memory: Memory, clock: Clock) -> None:
        self._memory = memory
        self._clock = clock

    def routes(self) -> Sequence[web.AbstractRouteDef]:
        return [web.get(PATH, self._answer)]

    async def _answer(self, request: web.Request) -> web.Response:
        asked = _NAME.fullmatch(request.match_info["name"])
        content = await self._content(int(asked[1]), asked[2]) if asked else None
        if content is None:
            return web.Response(status=404, text=_NONE)
        return web.Response(
            body=content,
            content_type="application/x-ndjson",
            charset="utf-8",
            headers={
                "Content-Disposition": f'attachment; filename="{request.match_info["name"]}"',
                "X-Content-Type-Options": "nosniff",
                "Cache-Control": "no-store",
            },
        )

    async def _content(self, channel_id: int, key: str) -> bytes | None:
        """None where there is no such channel, or it has another key, or nothing to show yet."""
        try:
            channel = await self._memory.channels.get(channel_id)
        except NotFound:
            return None
        until = self._clock.wall() - timedelta(seconds=channel.delay)
        entries = await self._memory.record.entries(channel.id, until)
        if not entries or not compare_digest(record_key(entries), key):
            return None
        return await to_thread(
            lambda: "".join(written(channel.id, channel.title, entries)).encode()
        )
