"""The parts list: the only package that names concrete classes and joins them.

`trading.py` opens what trades, `talking.py` what talks, and here both become one desk.
"""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from dataclasses import dataclass
from typing import Any

from agents.domain.chain_file import written
from agents.execution.checkpoints import Checkpoint, passed
from agents.publishing.publisher import Publisher
from agents.reporting.standing_out import StandingOut
from bot.alerts import Bell
from bot.app.talking import (
    Everywhere,
    open_clerk,
    open_desk,
    open_doors,
    open_platforms,
    open_postman,
    open_web,
)
from bot.app.trading import Trading, desks_model, open_scheduler, open_trading
from bot.connectors.vault import open_vault
from bot.doctor import look_at_market, look_at_platform
from bot.heartbeat import SECONDS, Heartbeat
from bot.log import hide, hide_keys_in
from bot.metrics import Metrics
from bot.reach import Reach
from bot.running import Parley, Parts
from bot.scheduler import Chore
from bot.settings import Settings
from handlers.chat import Platform
from handlers.model_keys import ModelKeys
from handlers.router import Router
from handlers.veil import Veil
from storage.database import Database, open_database

TOKEN_NOTE = "page_token"  # noqa: S105  # the name of a note


@dataclass(frozen=True)
class App:
    """A desk with everything that it runs on."""

    parley: Parley
    parts: Parts
    memory: Database

    async def start(self) -> str:
        """The address of the page. Raises OperatorNeeded, and leaves nothing running then."""
        try:
            return await self.parley.start(self.parts)
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        try:
            await self.parley.stop()
        finally:
            await self.memory.close()


async def build(settings: Settings, checkpoint: Checkpoint = passed) -> App:
    """Every part, joined and not yet started. Raises OperatorNeeded with what to mend."""
    memory = await open_database(settings.database_url, exclusive=True)
    try:
        return await _assembled(settings, memory, checkpoint)
    except BaseException:
        await memory.close()
        raise


async def _assembled(settings: Settings, memory: Database, checkpoint: Checkpoint) -> App:
    metrics = Metrics()
    vault = await open_vault(settings, hide, hide_keys_in)
    keys = ModelKeys(memory, vault)
    trading = open_trading(settings, memory, metrics, checkpoint, keys, vault)
    parley = _parley(settings, memory, trading, metrics)
    platforms: dict[str, Platform] = {}
    reach = Reach(platforms, memory.outbox, memory.users, trading.clock.wall, settings.away_seconds)
    desk = open_desk(settings, memory, trading, parley, keys, Everywhere(platforms))
    router = Router(desk)
    token = await _page_token(memory)
    veil = Veil(memory.notes, vault)
    spoken = open_platforms(settings, memory, trading.clock, router, parley, token, veil)
    platforms.update({platform.name: platform for platform in spoken.every})
    postman = open_postman(memory, trading.clock, desk, platforms, reach)
    memory.when_mail_waits(postman.wake)
    memory.when_told(Publisher(memory, memory.outbox, trading.clock).follow)
    standing_out = StandingOut(memory, trading.clock)
    memory.when_told(standing_out.follow)
    chores = [Chore("reach", 2, reach.look), Chore("standing out", 10, standing_out.work)]
    if settings.heartbeat_url:
        heart = Heartbeat(settings.heartbeat_url, parley.health)
        chores.append(Chore("heartbeat", SECONDS, heart.beat))
    parts = Parts(
        web=open_web(settings, parley, metrics, spoken, open_doors(memory, trading, desk)),
        clerk=open_clerk(memory, trading.clock, router, platforms, postman, veil),
        postman=postman,
        platforms=platforms,
        timing=open_scheduler(settings, memory, trading, parley, metrics, chores),
        mail=(memory.outbox, memory.inbox),
        closing=[trading.signals.idle, *_ends(trading)],
        token=token,
    )
    return App(parley, parts, memory)


def _parley(settings: Settings, memory: Database, trading: Trading, metrics: Metrics) -> Parley:
    bell = Bell(memory, trading.clock.wall)
    return Parley(
        memory,
        trading.clock,
        trading.market,
        trading.execution,
        market_name=settings.market,
        played=settings.market_kind != "ccxt",
        model=desks_model(settings),
        live=trading.live is not None,
        background=(metrics.watch_loop, bell.watch, *_live_begins(trading)),
    )


def _live_begins(trading: Trading) -> list[Callable[[], Coroutine[Any, Any, None]]]:
    return [trading.live.follow] if trading.live else []


def _ends(trading: Trading) -> list[Callable[[], Awaitable[None]]]:
    return [trading.claude.close, *([trading.live.close] if trading.live else [])]


async def _page_token(memory: Database) -> str:
    """The same at every start, so that an open page goes on working."""
    known = await memory.notes.read(TOKEN_NOTE)
    if isinstance(known, str) and known:
        return known
    made = secrets.token_urlsafe(24)
    await memory.notes.write(TOKEN_NOTE, made)
    return made


# --- commands that run once -------------------------------------------------------------------


async def migrate(settings: Settings) -> str:
    """Bring the database up to date; a sentence about it."""
    memory = await open_database(settings.database_url, exclusive=True)
    await memory.close()
    return f"The {memory.kind} database is up to date."


async def alone(settings: Settings, work: Callable[[Database], Awaitable[str]]) -> str:
    """What `work` answers, done while no desk runs on the same file. Raises OperatorNeeded."""
    memory = await open_database(settings.database_url, exclusive=True)
    try:
        return await work(memory)
    finally:
        await memory.close()


async def record(settings: Settings, channel_id: int) -> Iterator[str]:
    """The lines of a channel's whole record, as `python -m bot verify` reads them. Works beside a
    running desk. Raises NotFound."""
    memory = await open_database(settings.database_url)
    try:
        channel = await memory.channels.get(channel_id)
        return written(channel.id, channel.title, await memory.record.entries(channel.id))
    finally:
        await memory.close()


async def doctor(settings: Settings) -> list[tuple[str, bool, str]]:
    """(part, whether it works, a sentence) for everything that the settings name."""
    app = await build(settings)
    try:
        return [
            ("database", True, f"{app.memory.kind}, up to date"),
            await look_at_market(app.parley.market),
            *[await look_at_platform(platform) for platform in app.parts.platforms.values()],
            ("model", True, app.parley.model or "none: the rules alone decide"),
        ]
    finally:
        await app.stop()
