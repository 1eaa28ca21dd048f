"""Settings: every default stands, every fault is named at once, no secret is shown."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from agents.domain.errors import OperatorNeeded
from agents.domain.grants import Feature
from agents.domain.risk import Simulation
from agents.domain.user import Identity
from bot.settings import Settings, settings_from


def test_nothing_has_to_be_set() -> None:
    assert settings_from({}) == Settings()


def test_what_is_said_is_taken() -> None:
    settings = settings_from(
        {
            "PARLEY_MARKET": "replay:candles",
            "PARLEY_REPLAY_START": "2022-01-20T00:00:00",
            "PARLEY_ADMINS": "telegram:42, discord:7",
            "PARLEY_FEE": "0.001",
            "PARLEY_MAX_RISK_PERCENT": "1",
            "PORT": "9000",
            "PARLEY_PUBLIC_URL": "https://desk.example.org/",
            "PARLEY_FREE_FEATURES": "Feeds, premium",
            "PARLEY_CHANNEL_DELAY": "60",
        }
    )
    assert settings.public_url == "https://desk.example.org"
    assert settings.free_features == {Feature.FEEDS, Feature.PREMIUM}
    assert settings.channel_delay == 60
    assert (settings.market_kind, settings.market_argument) == ("replay", "candles")
    assert settings.replay_start == datetime(2022, 1, 20, tzinfo=UTC)
    assert settings.admins == (Identity("telegram", "42"), Identity("discord", "7"))
    assert settings.costs.fee == Decimal("0.001")
    assert settings.limits.risk_percent == 1
    assert settings.port == 9000


def test_everything_is_free_unless_said_otherwise() -> None:
    assert settings_from({}).free_features == frozenset(Feature)
    assert settings_from({"PARLEY_FREE_FEATURES": "none"}).free_features == frozenset()
    assert settings_from({}).public_url == ""


def test_every_fault_is_named_at_once() -> None:
    wrong = {
        "PORT": "http",
        "PARLEY_MARKET": "moon",
        "PARLEY_SPEED": "-1",
        "DATABASE_URL": "oracle://x",
        "PARLEY_ADMINS": "42",
        "TELEGRAM_API_URL": "nowhere",
        "PARLEY_MAX_RISK_PERCENT": "50",
        "PARLEY_FEE": "NaN",
        "PARLEY_FREE_FEATURES": "everything",
        "PARLEY_PUBLIC_URL": "desk.example.org",
    }
    with pytest.raises(OperatorNeeded) as caught:
        settings_from(wrong)
    for name in wrong:
        assert name in str(caught.value)


def test_a_webhook_needs_its_secret() -> None:
    with pytest.raises(OperatorNeeded, match="TELEGRAM_WEBHOOK_SECRET"):
        settings_from({"TELEGRAM_WEBHOOK_URL": "https://example.org/hook"})


@pytest.mark.parametrize(("said", "meant"), [("on", True), ("0", False), ("", False)])
def test_the_sandbox_is_switched_on_by_a_word(said: str, meant: bool) -> None:
    assert settings_from({"PARLEY_SANDBOX": said}).sandbox is meant


def test_a_word_that_switches_nothing_is_named() -> None:
    with pytest.raises(OperatorNeeded, match="PARLEY_SANDBOX: needs on or off"):
        settings_from({"PARLEY_SANDBOX": "perhaps"})


def test_no_secret_is_printed() -> None:
    settings = settings_from(
        {
            "TELEGRAM_BOT_TOKEN": "1:token-of-telegram",
            "ANTHROPIC_API_KEY": "sk-of-the-model",
            "DATABASE_URL": "postgres://parley:word-of-pass@localhost/parley",
        }
    )
    assert set(settings.secrets()) == {"1:token-of-telegram", "sk-of-the-model", "word-of-pass"}
    assert "token-of-telegram" not in repr(settings)
    assert "sk-of-the-model" not in repr(settings)


def test_every_limit_can_be_set() -> None:
    settings = settings_from(
        {
            "PARLEY_MAX_EXPOSURE_COIN_PERCENT": "150",
            "PARLEY_MAX_WEEKLY_LOSS_PERCENT": "9",
            "PARLEY_MAX_LOSSES_IN_A_ROW": "3",
            "PARLEY_COOLDOWN_MINUTES": "0",
            "PARLEY_SYMBOLS": "btc, eth/usdt,",
            "PARLEY_LIMIT_DELAY": "60",
        }
    )
    limits = settings.limits
    assert (limits.exposure_coin_percent, limits.weekly_loss_percent) == (Decimal(150), Decimal(9))
    assert (limits.losses_in_a_row, limits.cooldown_minutes) == (3, 0)
    assert limits.symbols == frozenset({"BTC", "ETH/USDT"})
    assert settings.limit_delay == timedelta(seconds=60)


@pytest.mark.parametrize(
    "said",
    [
        {"PARLEY_MAX_WEEKLY_LOSS_PERCENT": "101"},
        {"PARLEY_MAX_SLIPPAGE_PERCENT": "0"},
        {"PARLEY_COOLDOWN_MINUTES": "-1"},
        {"PARLEY_LIMIT_DELAY": "604801"},
        {"PARLEY_MAX_CORRELATED_POSITIONS": "none"},
    ],
    ids=str,
)
def test_a_limit_that_is_none_is_named(said: dict[str, str]) -> None:
    with pytest.raises(OperatorNeeded, match=next(iter(said))):
        settings_from(said)


def test_the_trouble_of_simulated_orders_and_the_price_of_large_ones() -> None:
    said = {
        "PARLEY_SIM_SLIPPAGE": "0.001",
        "PARLEY_SIM_PARTIAL": "1",
        "PARLEY_SIM_REJECT": "0",
        "PARLEY_SIM_LATENCY": "2.5",
        "PARLEY_IMPACT": "0.0004",
    }
    settings = settings_from(said)
    assert settings.simulation == Simulation(
        Decimal("0.001"), Decimal(1), Decimal(0), Decimal("2.5")
    )
    assert settings.costs.impact == Decimal("0.0004")
    for name in said:
        with pytest.raises(OperatorNeeded, match=name):
            settings_from({name: "-1"})
