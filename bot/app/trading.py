"""Everything that trades: clock, market, execution, the cycle and the model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from agents.cycle import Cycle
from agents.decision.sight import Sights
from agents.domain.broker import Broker
from agents.domain.market import TIMEFRAMES, Timeframe
from agents.domain.money import exact
from agents.domain.ports import Clock, Market
from agents.domain.strategy import Mode
from agents.domain.venue import KeyCheck
from agents.execution.brokers.paper import CandleRange, PaperBroker
from agents.execution.brokers.simulation import SimulatedBroker
from agents.execution.brokers.validation import ValidationBroker
from agents.execution.checkpoints import Checkpoint
from agents.execution.desk import Desk as Execution
from agents.execution.desk import open_desk
from agents.extraction.correlation import Correlations
from agents.extraction.history import Frames
from agents.reporting.digests import Digests
from agents.signals.desk import SignalDesk
from agents.signals.reading import read_signal
from bot.connectors.ccxt_live_desk import LiveDesk, open_live
from bot.connectors.ccxt_live_keys import NoKeyCheck
from bot.connectors.ccxt_live_session import Seals
from bot.connectors.claude import Claude, ClaudeAdvisor
from bot.connectors.clocks import MovingClock, RealClock
from bot.connectors.market_ccxt import CcxtMarket
from bot.metrics import Metrics
from bot.metrics_broker import MeasuredBroker
from bot.running import Parley
from bot.scheduler import CandleWork, Chore, Scheduler
from bot.settings import Settings
from bot.unread import Unread
from handlers.model_keys import ModelKeys
from storage.database import Database

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
    signals: SignalDesk
    modes: frozenset[Mode]
    key_check: KeyCheck
    live: LiveDesk | None = None


def open_trading(
    settings: Settings,
    memory: Database,
    metrics: Metrics,
    checkpoint: Checkpoint,
    keys: ModelKeys,
    seals: Seals,
) -> Trading:
    clock, market = open_market(settings)
    live = open_live(market, memory, seals, clock) if isinstance(market, CcxtMarket) else None
    frames = Frames(market)
    sights = Sights(frames, LATE_CANDLE if settings.market_kind == "ccxt" else ())
    market.listen(metrics.heard)
    brokers = _brokers(settings, market, frames, live, metrics)
    execution = _execution(
        settings, memory, metrics, checkpoint, clock, market, frames, brokers, live
    )
    claude = _claude(settings, clock, keys)
    advisor, decided = ClaudeAdvisor(claude), metrics.decided
    here = (memory, market, clock, sights, execution.proposer, execution.hands)
    cycle = Cycle(*here, advisor, decided)
    signals = SignalDesk(*here, read_signal, advisor, decided=decided, passed=checkpoint)
    return Trading(
        clock,
        market,
        execution,
        frames,
        sights,
        claude,
        cycle,
        signals,
        frozenset(brokers),
        live.key_check if live else NoKeyCheck(),
        live,
    )


def _execution(
    settings: Settings,
    memory: Database,
    metrics: Metrics,
    checkpoint: Checkpoint,
    clock: Clock,
    market: Market,
    frames: Frames,
    brokers: dict[Mode, Broker],
    live: LiveDesk | None,
) -> Execution:
    execution = open_desk(
        memory,
        market,
        clock,
        brokers,
        limits=settings.limits,
        rules=settings.tap_rules,
        start_balance=settings.paper_balance,
        stopping=Unread(memory.inbox),
        limit_delay=settings.limit_delay,
        correlation=Correlations(frames),
        venue=live.venue if live else None,
        looked=metrics.money.looked,
        passed=checkpoint,
    )
    if live is not None:
        live.when_refused(execution.connecting.refused)
    return execution


def _brokers(
    settings: Settings, market: Market, frames: Frames, live: LiveDesk | None, metrics: Metrics
) -> dict[Mode, Broker]:
    """One for each mode that may trade here."""

    def candle_range(symbol: str) -> Decimal | None:
        found = frames.last_range(symbol)
        return None if found is None else exact(found)

    brokers = pretending(settings, market, candle_range)
    if live is not None:
        brokers[Mode.LIVE] = MeasuredBroker(live.broker, settings.market_argument, metrics.money)
    for broker in brokers.values():
        broker.listen(metrics.filled)
    return brokers


def pretending(settings: Settings, market: Market, candle_range: CandleRange) -> dict[Mode, Broker]:
    """The brokers that send no orders."""
    return {
        Mode.VALIDATION: ValidationBroker(market),
        Mode.SIMULATION: SimulatedBroker(market, settings.costs, settings.simulation),
        Mode.PAPER: PaperBroker(Mode.PAPER, market, settings.costs, candle_range),
    }


def open_market(settings: Settings) -> tuple[Clock, Market]:
    """The market that was asked for, and the clock that goes with it."""
    if settings.market_kind == "ccxt":
        real = RealClock()
        return real, CcxtMarket(
            settings.market_argument,
            real,
            rest_url=settings.exchange_rest_url,
            ws_url=settings.exchange_ws_url,
            sandbox=settings.sandbox,
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


def desks_model(settings: Settings) -> str:
    """The model that the operator pays for; empty without one."""
    return settings.advisor_model if settings.anthropic_api_key else ""


def open_scheduler(
    settings: Settings,
    memory: Database,
    trading: Trading,
    parley: Parley,
    metrics: Metrics,
    more: Sequence[Chore],
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
            Chore("signals", 2, trading.signals.work),
            Chore("approvals", 2, trading.execution.approvals.resume_approved),
            Chore("every minute", 60, trading.execution.every_minute),
            Chore("reconcile", 60, trading.execution.reconcile),
            Chore("digests", 60, Digests(memory, trading.clock).tell_due),
            Chore("tidy", 6 * 3600, parley.tidy),
            *more,
        )
    )
    return scheduler
