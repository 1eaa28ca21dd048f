"""Everything that talks: the conversation, the platforms, the mail and the web."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from agents.decision.reader import SentenceReader
from agents.domain.errors import DeliveryRefused, KeyRefused, TryAgain
from agents.domain.grants import Feature
from agents.domain.mail import OutboxItem
from agents.domain.ports import Clock
from agents.domain.user import Identity, Place, Standing
from agents.execution.bounds.modes import Modes
from agents.places import Places
from agents.watch import Watch
from bot.app.trading import Trading, desks_model
from bot.connectors.claude import ClaudeReader
from bot.hooks import HookDoor
from bot.inbox import Clerk
from bot.metrics import Metrics
from bot.outbox import Postman
from bot.platforms.browser import HOME, OWNER, BrowserPlatform
from bot.reach import Reach
from bot.record_web import RecordFiles
from bot.running import Parley
from bot.settings import Settings
from bot.web import WebServer
from handlers.chat import Platform, Reply
from handlers.desk import Desk
from handlers.model_keys import ModelKeys
from handlers.notices import Notices
from handlers.pictures import Pictures
from handlers.router import Router
from handlers.veil import Veil
from storage.database import Database

if TYPE_CHECKING:
    from aiohttp import web

    from bot.platforms.discord import DiscordPlatform
    from bot.platforms.telegram import TelegramPlatform

log = logging.getLogger(__name__)

Routes = Sequence["web.AbstractRouteDef"]
TELEGRAM_PATH = "/telegram/webhook"


class Everywhere:
    """The platforms as handlers ask them; satisfies `handlers.desk.People`. `platforms` may be
    filled after this was made."""

    def __init__(self, platforms: dict[str, Platform]) -> None:
        self._platforms = platforms

    async def standing(self, place: Place, person: Identity) -> Standing:
        return await self._platform(place.platform).standing(place, person)

    async def find_place(self, platform: str, said: str) -> Place | None:
        return await self._platform(platform).find_place(said)

    def start_link(self, platform: str, words: str) -> str:
        spoken = self._platforms.get(platform)
        return spoken.start_link(words) if spoken else ""

    def platforms(self) -> Sequence[str]:
        return list(self._platforms)

    def _platform(self, name: str) -> Platform:
        if name not in self._platforms:
            raise DeliveryRefused(f"This desk is not connected to {name}.")
        return self._platforms[name]


def open_desk(
    settings: Settings,
    memory: Database,
    trading: Trading,
    parley: Parley,
    keys: ModelKeys,
    people: Everywhere,
) -> Desk:
    return Desk(
        clock=trading.clock,
        market=trading.market,
        memory=memory,
        approvals=trading.execution.approvals,
        hands=trading.execution.hands,
        panic=trading.execution.panic,
        accounts=trading.execution.accounts,
        bounding=trading.execution.bounding,
        watch=Watch(trading.sights, trading.clock),
        read=SentenceReader(trading.market, memory.model_calls, ClaudeReader(trading.claude)),
        health=parley.lines,
        limits=settings.limits,
        tap_rules=settings.tap_rules,
        costs=settings.costs,
        keys=keys,
        people=people,
        signals=trading.signals,
        modes=open_modes(settings, memory, trading),
        operators=settings.admins,
        page_owner=OWNER,
        advisor=desks_model(settings),
        own_model=settings.advisor_model,
        paper_balance=settings.paper_balance,
        address=lambda: settings.public_url or parley.address,
        free_features=settings.free_features,
        channel_delay=settings.channel_delay,
        key_check=trading.key_check,
        truth=trading.execution.truth,
        exchange=settings.market_argument if settings.market_kind == "ccxt" else "",
    )


def open_modes(settings: Settings, memory: Database, trading: Trading) -> Modes:
    async def free(owner_id: int) -> Decimal | None:
        """As it was seen within two minutes, or now; None while the exchange does not answer."""
        truth = trading.execution.truth
        if truth is None:
            return None
        if truth.funds.free(owner_id) is None:
            with suppress(TryAgain, KeyRefused):
                await truth.reconciliation.look(owner_id)
        return truth.funds.free(owner_id)

    return Modes(
        memory,
        trading.clock,
        trading.execution.approvals,
        settings.ladder,
        free,
        trading.modes,
        settings.paper_balance,
        settings.first_mode,
    )


@dataclass(frozen=True)
class Spoken:
    """The platforms that are spoken; those without a token are None."""

    browser: BrowserPlatform
    telegram: TelegramPlatform | None
    discord: DiscordPlatform | None

    @property
    def every(self) -> Sequence[Platform]:
        known = (self.browser, self.telegram, self.discord)
        return [one for one in known if one is not None]


def open_platforms(
    settings: Settings,
    memory: Database,
    clock: Clock,
    router: Router,
    parley: Parley,
    token: str,
    veil: Veil,
) -> Spoken:
    """A platform more is one row here and one in `Spoken`."""

    async def shown(said: str) -> str:
        return await veil.kept(HOME, OWNER, said)

    browser = BrowserPlatform(
        token, memory.transcript, clock.wall, router.commands(), parley.headline, shown
    )
    on_telegram = bool(settings.telegram_bot_token)
    on_discord = bool(settings.discord_bot_token)
    return Spoken(
        browser,
        open_telegram(settings, memory, clock, router) if on_telegram else None,
        open_discord(settings, memory, clock, router) if on_discord else None,
    )


def open_web(
    settings: Settings, parley: Parley, metrics: Metrics, spoken: Spoken, doors: Routes
) -> WebServer:
    telegram = spoken.telegram
    return WebServer(
        settings.host,
        settings.port,
        routes=[*spoken.browser.routes(), *doors],
        webhooks={TELEGRAM_PATH: telegram.handle_webhook} if telegram else {},
        health=parley.health,
        metrics=metrics.text,
    )


def open_doors(memory: Database, trading: Trading, desk: Desk) -> Routes:
    """What strangers may ask of the web server: records as files, and signals by webhook."""

    async def allowed(owner_id: int) -> bool:
        return await desk.allows(await memory.users.get(owner_id), Feature.FEEDS)

    hooks = HookDoor(memory, trading.market, trading.clock, trading.signals, allowed)
    return [*RecordFiles(memory, trading.clock).routes(), *hooks.routes()]


def when_gone(memory: Database, clock: Clock) -> Callable[[Identity, Place], Awaitable[None]]:
    """Hears that `identity` blocked the bot, or removed it from a group."""

    async def gone(identity: Identity, place: Place) -> None:
        user = await memory.users.find(identity)
        reason = "I was blocked there, or removed."
        await Places(memory, clock).lost(user.id if user else 0, place, reason)

    return gone


def open_telegram(
    settings: Settings, memory: Database, clock: Clock, router: Router
) -> TelegramPlatform:
    from bot.platforms.telegram import TelegramPlatform

    async def moved(old: Place, new: Place) -> None:
        await memory.outbox.move_place(old, new)
        await Places(memory, clock).moved(old, new)

    return TelegramPlatform(
        settings.telegram_bot_token,
        settings.telegram_api_url or None,
        settings.telegram_webhook_url or None,
        settings.telegram_webhook_secret or None,
        commands=router.commands(),
        on_moved=moved,
        on_gone=when_gone(memory, clock),
    )


async def known_places(memory: Database, platform: str) -> Sequence[Place]:
    """Where people are told things on one platform."""
    users = await memory.users.everyone()
    found = [place for user in users for place in await memory.users.places(user.id)]
    return [place for place in dict.fromkeys(found) if place.platform == platform]


def open_discord(
    settings: Settings, memory: Database, clock: Clock, router: Router
) -> DiscordPlatform:
    from bot.platforms.discord import DiscordPlatform

    return DiscordPlatform(
        settings.discord_bot_token,
        settings.discord_api_url or None,
        commands=router.menu(),
        forms=router.forms(),
        suggest=router.suggest,
        known=lambda: known_places(memory, "discord"),
        on_gone=when_gone(memory, clock),
    )


def open_postman(
    memory: Database, clock: Clock, desk: Desk, platforms: dict[str, Platform], reach: Reach
) -> Postman:
    notices = Notices(desk)

    async def render(item: OutboxItem) -> Reply | None:
        reply = await notices.render(item.kind, item.facts, item.owner_id)
        return await reach.marked(item, reply)

    async def refused(item: OutboxItem, reason: str) -> None:
        log.warning("A place is gone.", extra={"place": str(item.place), "reason": reason})
        await Places(memory, clock).lost(item.owner_id, item.place, reason)

    places, lease = Places(memory, clock), 0.0 if memory.kind == "SQLite" else 60.0
    return Postman(
        memory.outbox,
        platforms,
        render,
        Pictures(desk),
        clock,
        on_refused=refused,
        on_moved=places.moved,
        on_repost=places.reposted,
        lease=lease,
    )


def open_clerk(
    memory: Database,
    clock: Clock,
    router: Router,
    platforms: dict[str, Platform],
    postman: Postman,
    veil: Veil,
) -> Clerk:
    lease = 0.0 if memory.kind == "SQLite" else 60.0
    return Clerk(
        memory.inbox,
        memory.outbox,
        memory.transactions,
        router.handle,
        router.owner_of,
        platforms,
        clock,
        glance=router.glance,
        wants=router.wants,
        answered=postman.wake,
        veil=veil.sealed,
        burns=veil.carries_a_key,
        lease=lease,
    )
