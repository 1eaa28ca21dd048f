"""A sign of life for somebody outside: a machine that is gone can't say that it is.

Every minute in which the desk is able to work an address of the operator's is asked for. A
watchdog there (healthchecks.io, Uptime Kuma, a cron job of one's own) raises the alarm when the
beat stays away.
"""

import logging
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

import aiohttp

log = logging.getLogger(__name__)

SECONDS = 60.0
_PATIENCE = aiohttp.ClientTimeout(total=10)
_LEAST_FAULT = 400


class Heartbeat:
    """`able` is what /health says: whether the desk can work, and a sentence for each part."""

    def __init__(self, address: str, able: Callable[[], tuple[bool, Mapping[str, Any]]]) -> None:
        self._address = address
        self._able = able
        self._heard = True

    async def beat(self) -> bool:
        """Whether the beat was heard. A desk that can't work is silent on purpose."""
        if not self._able()[0]:
            return False
        try:
            async with (
                aiohttp.ClientSession(timeout=_PATIENCE) as session,
                session.get(self._address) as answer,
            ):
                return self._note("" if answer.status < _LEAST_FAULT else f"{answer.status}")
        except (TimeoutError, aiohttp.ClientError, OSError) as fault:
            return self._note(type(fault).__name__)

    def _note(self, fault: str) -> bool:
        """Log the first of several failures, and the end of them; the path may be a secret."""
        host = urlsplit(self._address).hostname
        if fault and self._heard:
            log.warning("The heartbeat was not heard.", extra={"host": host, "why": fault})
        elif not fault and not self._heard:
            log.info("The heartbeat is heard again.", extra={"host": host})
        self._heard = not fault
        return self._heard
