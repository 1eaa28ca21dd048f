"""The parts list: the only file that names concrete classes and joins them."""

from __future__ import annotations

import logging
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from agents.cycle import Cycle
from agents.decision.reader import SentenceReader
from agents.decision.sight import Sights
from agents.domain.mail import OutboxItem
from agents.domain.market import TIMEFRAMES, Timeframe
from agents.domain.money import exact
from agents.domain.ports import Clock, Market
from agents.domain.strategy import Mode
from agents.domain.user import Identity, Place
from agents.execution.checkpoints import Checkpoint, passed
from agents.execution.desk import Desk as Execution
from agents.execution.desk import open_desk
from agents.execution.paper import PaperBroker
from agents.extraction.history import Frames
from agents.watch import Watch
from bot.connectors.claude import Claude, ClaudeAdvisor, ClaudeReader
from bot.connectors.clocks import MovingClock, RealClock
from bot.connectors.vault import Vault, open_vault
from bot.doctor import look_at_market, look_at_platform
from bot.inbox import Clerk
from bot.log import hide
from bot.metrics import Metrics
from bot.outbox import Postman
from bot.platforms.browser import OWNER, BrowserPlatform
from bot.running import Parley, Parts
from bot.scheduler import CandleWork, Chore, Scheduler
from bot.settings import Settings
from bot.web import WebServer
from handlers.chat import Platform, Reply
from handlers.desk import Desk
from handlers.model_keys import ModelKeys, shown, veiled
from handlers.notices import Notices
from handlers.pictures import Pictures
from handlers.router import Router
from storage.database import Database, open_database

if TYPE_CHECKING:
    from bot.platforms.telegram import TelegramPlatform

log = logging.getLogger(__name__)

TOKEN_NOTE = "page_token"  # noqa: S105  # the name of a note
TELEGRAM_PATH = "/telegram/webhook"
SETTLE_PLAYED = timedelta(milliseconds=20)
SETTLE_LIVE = timedelta(milliseconds=700)  # exchanges publish a closed candle a moment late
LATE_CANDLE = (0.5, 1.0, 2.0, 4.0)  # seconds between looks for one that has not come


@dataclass(frozen=True)
class Trading:
    """Everything that trades, without anybody to talk to."""

    clock: Clock
    market: Market
    execution: Execution
    frames: Frames
    sights: Sights
    claude: Claude
    cycle: Cycle


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
    if settings.discord_bot_token:
        log.warning("DISCORD_BOT_TOKEN is set, and this version does not speak Discord yet.")
    memory = await open_database(settings.database_url, exclusive=True)
    try:
        return await _assembled(settings, memory, checkpoint)
    except BaseException:
        await memory.close()
        raise


async def _assembled(settings: Settings, memory: Database, checkpoint: Checkpoint) -> App:
    metrics = Metrics()
    vault = await open_vault(settings, hide)
    keys = ModelKeys(memory, vault)
    trading = _trading(settings, memory, metrics, checkpoint, keys)
    parley = Parley(
        memory,
        trading.clock,
        trading.market,
        trading.execution,
        market_name=settings.market,
        played=settings.market_kind != "ccxt",
        model=_desks_model(settings),
        background=(metrics.watch_loop,),
    )
    desk = _desk(settings, memory, trading, parley, keys)
    router = Router(desk)
    token = await _page_token(memory)
    browser = BrowserPlatform(
        token, memory.transcript, trading.clock.wall, router.commands(), parley.headline, shown
    )
    telegram = _telegram(settings, memory, router) if settings.telegram_bot_token else None
    spoken: tuple[Platform, ...] = (browser, telegram) if telegram else (browser,)
    platforms = {platform.name: platform for platform in spoken}
    postman = _postman(memory, trading.clock, desk, platforms)
    memory.when_mail_waits(postman.wake)
    parts = Parts(
        web=_web(settings, parley, metrics, browser, telegram),
        clerk=_clerk(memory, trading.clock, router, platforms, postman, vault),
        postman=postman,
        platforms=platforms,
        timing=_scheduler(settings, memory, trading, parley, metrics),
        mail=(memory.outbox, memory.inbox),
        closing=[trading.claude.close],
        token=token,
    )
    return App(parley, parts, memory)


# --- trading ----------------------------------------------------------------------------------


def _trading(
    settings: Settings,
    memory: Database,
    metrics: Metrics,
    checkpoint: Checkpoint,
    keys: ModelKeys,
) -> Trading:
    clock, market = _market(settings)
    frames = Frames(market)
    sights = Sights(frames, LATE_CANDLE if settings.market_kind == "ccxt" else ())

    def candle_range(symbol: str) -> Decimal | None:
        found = frames.last_range(symbol)
        return None if found is None else exact(found)

    broker = PaperBroker(Mode.PAPER, market, settings.costs, candle_range)
    broker.listen(metrics.filled)
    market.listen(metrics.heard)
    execution = open_desk(
        memory,
        market,
        clock,
        {Mode.PAPER: broker},
        limits=settings.limits,
        rules=settings.tap_rules,
        start_balance=settings.paper_balance,
        passed=checkpoint,
    )
    claude = _claude(settings, clock, keys)
    cycle = Cycle(
        memory,
        market,
        clock,
        sights,
        execution.proposer,
        execution.hands,
        ClaudeAdvisor(claude),
        metrics.decided,
    )
    return Trading(clock, market, execution, frames, sights, claude, cycle)


def _market(settings: Settings) -> tuple[Clock, Market]:
    """The market that was asked for, and the clock that goes with it."""
    if settings.market_kind == "ccxt":
        from bot.connectors.market_ccxt import CcxtMarket

        real = RealClock()
        return real, CcxtMarket(
            settings.market_argument,
            real,
            rest_url=settings.exchange_rest_url,
            ws_url=settings.exchange_ws_url,
        )
    clock = MovingClock(datetime.now(UTC), settings.speed)
    if settings.market_kind == "replay":
        from bot.connectors.market_replay import ReplayMarket

        return clock, ReplayMarket(settings.market_argument, clock, settings.replay_start)
    from bot.connectors.market_simulated import SimulatedMarket

    return clock, SimulatedMarket(clock, settings.seed)


def _claude(settings: Settings, clock: Clock, keys: ModelKeys) -> Claude:
    return Claude(
        settings.anthropic_api_key,
        settings.anthropic_base_url,
        (settings.advisor_model, settings.fallback_model),
        clock.wall,
        key_of=keys.usable,
        denied=keys.refused,
    )


def _desks_model(settings: Settings) -> str:
    """The model that the operator pays for; empty without one."""
    return settings.advisor_model if settings.anthropic_api_key else ""


def _scheduler(
    settings: Settings, memory: Database, trading: Trading, parley: Parley, metrics: Metrics
) -> Scheduler:
    """One job per timeframe, whoever has strategies on it, and the chores."""
    played = settings.market_kind != "ccxt"
    scheduler = Scheduler(trading.clock, SETTLE_PLAYED if played else SETTLE_LIVE)
    decide = metrics.timed(trading.cycle.run)
    scheduler.add_candles(
        CandleWork(Timeframe.parse(name), trading.clock, decide, every=played)
        for name in TIMEFRAMES
    )
    scheduler.add_chores(
        (
            Chore("every second", 1, parley.every_second),
            Chore("watch", 2, parley.watch_symbols),
            Chore("count", 10, lambda: metrics.count(memory, memory.outbox)),
            Chore("every minute", 60, trading.execution.every_minute),
            Chore("tidy", 6 * 3600, parley.tidy),
        )
    )
    return scheduler


# --- conversation -----------------------------------------------------------------------------


def _desk(
    settings: Settings, memory: Database, trading: Trading, parley: Parley, keys: ModelKeys
) -> Desk:
    return Desk(
        clock=trading.clock,
        market=trading.market,
        memory=memory,
        approvals=trading.execution.approvals,
        hands=trading.execution.hands,
        panic=trading.execution.panic,
        accounts=trading.execution.accounts,
        watch=Watch(trading.sights, trading.clock),
        read=SentenceReader(trading.market, memory.model_calls, ClaudeReader(trading.claude)),
        health=parley.lines,
        limits=settings.limits,
        tap_rules=settings.tap_rules,
        costs=settings.costs,
        keys=keys,
        operators=settings.admins,
        page_owner=OWNER,
        advisor=_desks_model(settings),
        own_model=settings.advisor_model,
        paper_balance=settings.paper_balance,
    )


def _web(
    settings: Settings,
    parley: Parley,
    metrics: Metrics,
    browser: BrowserPlatform,
    telegram: TelegramPlatform | None,
) -> WebServer:
    return WebServer(
        settings.host,
        settings.port,
        routes=browser.routes(),
        webhooks={TELEGRAM_PATH: telegram.handle_webhook} if telegram else {},
        health=parley.health,
        metrics=metrics.text,
    )


def _telegram(settings: Settings, memory: Database, router: Router) -> TelegramPlatform:
    from bot.platforms.telegram import TelegramPlatform

    async def gone(identity: Identity, place: Place) -> None:
        user = await memory.users.find(identity)
        if user is not None:
            await memory.users.drop_place(user.id, place)

    return TelegramPlatform(
        settings.telegram_bot_token,
        settings.telegram_api_url or None,
        settings.telegram_webhook_url or None,
        settings.telegram_webhook_secret or None,
        commands=router.commands(),
        on_moved=memory.outbox.move_place,
        on_gone=gone,
    )


def _postman(memory: Database, clock: Clock, desk: Desk, platforms: dict[str, Platform]) -> Postman:
    notices = Notices(desk)

    async def render(item: OutboxItem) -> Reply | None:
        return await notices.render(item.kind, item.facts, item.owner_id)

    async def refused(item: OutboxItem, reason: str) -> None:
        log.warning("A place is gone.", extra={"place": str(item.place), "reason": reason})
        await memory.users.drop_place(item.owner_id, item.place)

    lease = 0.0 if memory.kind == "SQLite" else 60.0
    return Postman(
        memory.outbox,
        platforms,
        render,
        Pictures(desk),
        clock,
        on_refused=refused,
        lease=lease,
    )


def _clerk(
    memory: Database,
    clock: Clock,
    router: Router,
    platforms: dict[str, Platform],
    postman: Postman,
    vault: Vault,
) -> Clerk:
    async def owner_of(identity: Identity) -> int:
        user = await memory.users.find(identity)
        return user.id if user else 0

    lease = 0.0 if memory.kind == "SQLite" else 60.0
    return Clerk(
        memory.inbox,
        memory.outbox,
        memory.transactions,
        router.handle,
        owner_of,
        platforms,
        clock,
        answered=postman.wake,
        veil=lambda said: veiled(said, vault.seal),
        lease=lease,
    )


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
