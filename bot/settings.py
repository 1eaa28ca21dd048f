"""One frozen Settings, read once from the environment (and `.env`); every fault at once."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from agents.domain.errors import OperatorNeeded
from agents.domain.grants import Feature
from agents.domain.ladder import Ladder
from agents.domain.risk import Costs, Limits, Simulation, TapRules
from agents.domain.strategy import Mode
from agents.domain.user import Identity
from bot.settings_reading import Reader, amount, count, flag

PLATFORMS = ("telegram", "discord", "browser")


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything the operator can say. Empty text means: not set."""

    database_url: str = field(default="sqlite://var/parley.db", repr=False)
    telegram_bot_token: str = field(default="", repr=False)
    telegram_api_url: str = ""
    telegram_webhook_url: str = ""
    telegram_webhook_secret: str = field(default="", repr=False)
    discord_bot_token: str = field(default="", repr=False)
    discord_api_url: str = ""
    anthropic_api_key: str = field(default="", repr=False)
    anthropic_base_url: str = ""
    advisor_model: str = "claude-sonnet-5-5"
    fallback_model: str = "claude-haiku-5-5"
    market: str = "simulated"
    speed: float = 60.0
    replay_start: datetime | None = None
    seed: int = 7
    exchange_rest_url: str = ""
    exchange_ws_url: str = ""
    sandbox: bool = False  # the exchange's play money
    admins: tuple[Identity, ...] = ()
    secret: str = field(default="", repr=False)
    old_secret: str = field(default="", repr=False)
    host: str = "127.0.0.1"
    port: int = 8080
    log_level: str = "info"
    away_seconds: int = 120  # until a platform counts as out of reach
    public_url: str = ""
    heartbeat_url: str = field(default="", repr=False)
    free_features: frozenset[Feature] = frozenset(Feature)
    channel_delay: int = 900
    paper_balance: Decimal = Decimal(10_000)
    ladder: Ladder = field(default_factory=Ladder)
    first_mode: Mode = Mode.PAPER
    costs: Costs = field(default_factory=Costs)
    simulation: Simulation = field(default_factory=Simulation)
    limits: Limits = field(default_factory=Limits)
    limit_delay: timedelta = timedelta(days=1)  # until a raised limit holds
    tap_rules: TapRules = field(default_factory=TapRules)

    @property
    def market_kind(self) -> str:
        """`simulated`, `replay` or `ccxt`."""
        return self.market.partition(":")[0]

    @property
    def market_argument(self) -> str:
        """The folder of a replay, the name of an exchange."""
        return self.market.partition(":")[2]

    def secrets(self) -> tuple[str, ...]:
        """Every value that may never be printed."""
        named = (
            self.telegram_bot_token,
            self.telegram_webhook_secret,
            self.discord_bot_token,
            self.anthropic_api_key,
            self.secret,
            self.old_secret,
            self.heartbeat_url,
            urlsplit(self.database_url).password or "",
        )
        return tuple(value for value in named if value)


def _port(raw: str) -> int:
    port = int(raw)
    if not 0 <= port <= 65535:
        raise ValueError(raw)
    return port


def _speed(raw: str) -> float:
    speed = float(raw)
    if not 0 < speed <= 100_000:
        raise ValueError(raw)
    return speed


def _moment(raw: str) -> datetime:
    moment = datetime.fromisoformat(raw)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _market(raw: str) -> str:
    kind, _, argument = raw.partition(":")
    if (kind == "simulated" and not argument) or (kind in {"replay", "ccxt"} and argument):
        return raw
    raise ValueError(raw)


def _database(raw: str) -> str:
    if not raw.startswith(("sqlite://", "postgres://", "postgresql://", "asyncpg://")):
        raise ValueError(raw)
    return raw


def _admins(raw: str) -> tuple[Identity, ...]:
    found = []
    for item in filter(None, (part.strip() for part in raw.split(","))):
        platform, _, account = item.partition(":")
        if platform not in PLATFORMS or not account:
            raise ValueError(item)
        found.append(Identity(platform, account))
    return tuple(found)


def _features(raw: str) -> frozenset[Feature]:
    """ValueError for a name that is no feature's."""
    named = [part.strip().lower() for part in raw.split(",") if part.strip()]
    return frozenset(Feature(name) for name in named if name != "none")


def _ladder(raw: str) -> Ladder:
    """Two whole numbers."""
    trades, paper_trades = (int(part) for part in raw.split(","))
    if not (0 <= trades <= 10_000 and 0 <= paper_trades <= 10_000):
        raise ValueError(raw)
    return Ladder(trades, paper_trades)


def _first_mode(raw: str) -> Mode:
    mode = Mode(raw.lower())
    if mode not in {Mode.PAPER, Mode.SIMULATION}:
        raise ValueError(raw)
    return mode


def _level(raw: str) -> str:
    if raw.lower() not in {"debug", "info", "warning", "error"}:
        raise ValueError(raw)
    return raw.lower()


def _costs(read: Reader) -> Costs:
    part = amount("0", "0.2")
    wanted = "needs a fraction from 0 to 0.2, as 0.0006 for 0.06 %"
    standard = Costs()
    return Costs(
        fee=read.take("PARLEY_FEE", standard.fee, part, wanted),
        spread=read.take("PARLEY_SPREAD", standard.spread, part, wanted),
        slippage_floor=read.take("PARLEY_SLIPPAGE", standard.slippage_floor, part, wanted),
        slippage_of_range=read.take(
            "PARLEY_SLIPPAGE_RANGE",
            standard.slippage_of_range,
            amount("0", "1"),
            "needs a part of the candle's range from 0 to 1",
        ),
        impact=read.take("PARLEY_IMPACT", standard.impact, part, wanted),
    )


def _simulation(read: Reader) -> Simulation:
    """PARLEY_SIM_SLIPPAGE, _PARTIAL, _REJECT and _LATENCY."""
    part, seconds = amount("0", "1"), amount("0", "3600")
    share = "needs a part from 0 to 1, as 0.2"
    standard = Simulation()
    return Simulation(
        slippage=read.take("PARLEY_SIM_SLIPPAGE", standard.slippage, amount("0", "0.2"), share),
        partial=read.take("PARLEY_SIM_PARTIAL", standard.partial, part, share),
        reject=read.take("PARLEY_SIM_REJECT", standard.reject, part, share),
        latency=read.take(
            "PARLEY_SIM_LATENCY", standard.latency, seconds, "needs market seconds from 0 to 3600"
        ),
    )


def _symbols(raw: str) -> frozenset[str]:
    return frozenset(part.strip().upper() for part in raw.split(",") if part.strip())


def _limits(read: Reader) -> Limits:
    """Each limit in numbers as PARLEY_MAX_<NAME>; risk per trade can be lowered and never raised.
    Its owners choose what is closed at a loss, and their hours."""
    standard = Limits()
    losses = ("daily_loss_percent", "weekly_loss_percent", "drawdown_percent", "slippage_percent")
    highest = {"risk_percent": "2", **dict.fromkeys(losses, "100")}
    found: dict[str, Any] = {
        "cooldown_minutes": read.take(
            "PARLEY_COOLDOWN_MINUTES",
            standard.cooldown_minutes,
            count(0, 10_080),
            "needs minutes from 0 to 10080",
        ),
        "symbols": read.take(
            "PARLEY_SYMBOLS", standard.symbols, _symbols, "needs a list such as BTC,ETH/USDT"
        ),
    }
    for limit in fields(Limits):
        name, default = f"PARLEY_MAX_{limit.name.upper()}", getattr(standard, limit.name)
        if limit.name in found or type(default) not in {int, Decimal}:
            continue
        top = highest.get(limit.name, "2000")
        if isinstance(default, int):
            parse: Callable[[str], Any] = count(1, 10_000)
            wanted = "needs a whole number from 1 to 10000"
        else:
            parse, wanted = amount("0.01", top), f"needs a number from 0.01 to {top}"
        found[limit.name] = read.take(name, default, parse, wanted)
    return Limits(**found)


def _tap_rules(read: Reader) -> TapRules:
    standard = TapRules()
    return TapRules(
        price_tolerance=read.take(
            "PARLEY_PRICE_TOLERANCE",
            standard.price_tolerance,
            amount("0.01", "1"),
            "needs a part of the stop distance from 0.01 to 1",
        ),
        stale_seconds=standard.stale_seconds,
        expiry_seconds=read.take(
            "PARLEY_APPROVAL_SECONDS",
            standard.expiry_seconds,
            count(10, 86_400),
            "needs seconds from 10 to 86400",
        ),
    )


def _real_parts(read: Reader) -> dict[str, Any]:
    """What each real part needs: database, platforms, model, exchange."""
    standard = Settings()
    database = "needs sqlite://FILE or postgres://USER:PASSWORD@HOST/NAME"
    return {
        "database_url": read.take("DATABASE_URL", standard.database_url, _database, database),
        "telegram_bot_token": read.text("TELEGRAM_BOT_TOKEN"),
        "telegram_api_url": read.url("TELEGRAM_API_URL"),
        "telegram_webhook_url": read.url("TELEGRAM_WEBHOOK_URL"),
        "telegram_webhook_secret": read.text("TELEGRAM_WEBHOOK_SECRET"),
        "discord_bot_token": read.text("DISCORD_BOT_TOKEN"),
        "discord_api_url": read.url("DISCORD_API_URL"),
        "anthropic_api_key": read.text("ANTHROPIC_API_KEY"),
        "anthropic_base_url": read.url("ANTHROPIC_BASE_URL"),
        "advisor_model": read.text("PARLEY_ADVISOR_MODEL", standard.advisor_model),
        "fallback_model": read.text("PARLEY_FALLBACK_MODEL", standard.fallback_model),
        "exchange_rest_url": read.url("EXCHANGE_REST_URL"),
        "exchange_ws_url": read.url("EXCHANGE_WS_URL"),
        "sandbox": read.take("PARLEY_SANDBOX", False, flag, "needs on or off"),
    }


def _market_parts(read: Reader) -> dict[str, Any]:
    market = "needs simulated, replay:FOLDER or ccxt:EXCHANGE"
    start = "needs a time such as 2022-01-20T00:00:00Z"
    balance = amount("10", "1000000000")
    return {
        "market": read.take("PARLEY_MARKET", "simulated", _market, market),
        "speed": read.take("PARLEY_SPEED", 60.0, _speed, "needs market seconds per second, as 60"),
        "replay_start": read.take("PARLEY_REPLAY_START", None, _moment, start),
        "seed": read.take("PARLEY_SEED", 7, count(0, 2**31), "needs a whole number"),
        "ladder": read.take(
            "PARLEY_LADDER",
            Ladder(),
            _ladder,
            "needs two numbers of closed trades: before paper, and on paper before real money, "
            "as 10,25",
        ),
        "first_mode": read.take(
            "PARLEY_START_MODE", Mode.PAPER, _first_mode, "needs paper or simulation"
        ),
        "paper_balance": read.take(
            "PARLEY_PAPER_BALANCE", Decimal(10_000), balance, "needs an amount from 10 upwards"
        ),
    }


def _house_parts(read: Reader) -> dict[str, Any]:
    admins = "needs a list such as telegram:42,discord:7"
    levels = "needs debug, info, warning or error"
    away = "needs seconds from 1 to 3600"
    features = f"needs a list of {', '.join(Feature)}, or none"
    nobody: tuple[Identity, ...] = ()
    return {
        "public_url": read.url("PARLEY_PUBLIC_URL"),
        "heartbeat_url": read.url("PARLEY_HEARTBEAT_URL"),
        "free_features": read.take("PARLEY_FREE_FEATURES", frozenset(Feature), _features, features),
        "channel_delay": read.take(
            "PARLEY_CHANNEL_DELAY", 900, count(0, 604_800), "needs seconds from 0 to 604800"
        ),
        "admins": read.take("PARLEY_ADMINS", nobody, _admins, admins),
        "secret": read.text("PARLEY_SECRET"),
        "old_secret": read.text("PARLEY_OLD_SECRET"),
        "host": read.text("PARLEY_HOST", "127.0.0.1"),
        "port": read.take("PORT", 8080, _port, "needs a port from 0 to 65535"),
        "log_level": read.take("PARLEY_LOG", "info", _level, levels),
        "away_seconds": read.take("PARLEY_AWAY_SECONDS", 120, count(1, 3600), away),
    }


def settings_from(values: Mapping[str, str]) -> Settings:
    """Settings out of `values`. Raises OperatorNeeded naming every fault, one a line."""
    read = Reader(values)
    settings = Settings(
        **_real_parts(read),
        **_market_parts(read),
        **_house_parts(read),
        costs=_costs(read),
        simulation=_simulation(read),
        limits=_limits(read),
        limit_delay=timedelta(
            seconds=read.take(
                "PARLEY_LIMIT_DELAY", 86_400, count(0, 604_800), "needs seconds from 0 to 604800"
            )
        ),
        tap_rules=_tap_rules(read),
    )
    if settings.telegram_webhook_url and not settings.telegram_webhook_secret:
        read.faults.append("TELEGRAM_WEBHOOK_SECRET: needed when TELEGRAM_WEBHOOK_URL is set.")
    if read.faults:
        raise OperatorNeeded("Settings that can't be used:\n  " + "\n  ".join(read.faults))
    return settings


def load_settings(folder: Path | None = None) -> Settings:
    """From the environment, over the `.env` file in `folder` (the working directory)."""
    from dotenv import dotenv_values

    written = dotenv_values((folder or Path()) / ".env")
    values = {name: value for name, value in written.items() if value is not None}
    return settings_from({**values, **os.environ})
