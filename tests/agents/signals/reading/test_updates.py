"""What a text says of an earlier signal."""

import pytest

from agents.domain.signal import SignalKind, SignalUpdate
from agents.domain.symbols import DEFAULT_UNIVERSE
from agents.signals.reading import read_signal


def said(update: SignalUpdate) -> str:
    parts = (update.kind, update.target, update.price, update.share)
    return " ".join(str(part) for part in parts if part is not None)


UPDATES = {
    "tp1 hit": ["target_hit 1"],
    "Target 2 ✅": ["target_hit 2"],
    "TP1 and TP2 hit on BTC, SL to entry, close 50%": [
        "target_hit 1", "target_hit 2", "stop_to_entry", "close_part 50",
    ],
    "TP 1, 2 & 3 done!": ["target_hit 1", "target_hit 2", "target_hit 3"],
    "SOL hit tp 2, sl at entry now": ["target_hit 2"],
    "SOL target 140 reached! 🚀🚀 +13%": ["target_hit 140"],
    "📍COIN: $LTC/USDT (3-5x)\nDirection: SHORT\nTarget 1: 90✅\nTarget 2: 88.7✅\n52% Profit": [
        "target_hit 1 90", "target_hit 2 88.7",
    ],
    "Binance Futures\n#BTC/USDT Take-Profit target 1 ✅\nProfit: 20.5% 📈\nPeriod: 1 Hours": [
        "target_hit 1",
    ],
    "#XRP/USDT All take-profit targets achieved 😎\nProfit: 120% 📈": ["target_hit"],
    "Binance Futures\n#BTC/USDT Entry target 1 ✅\nAverage Entry Price: 38766.9 💵": ["entered"],
    "DOGE entry hit": ["entered"],
    "stopped out on LINK": ["stop_hit"],
    "#XRP/USDT Stop Target Hit ⛔\nLoss: 20% 📉": ["stop_hit"],
    "#XRP/USDT Closed at stoploss after reaching take profit ⚠": ["stop_hit"],
    "SOL: move SL to breakeven": ["stop_to_entry"],
    "Set breakeven": ["stop_to_entry"],
    "SL to BE": ["stop_to_entry"],
    "stops moved to entries": ["stop_to_entry"],
    "✅+12.5%\nاستاپ بیاد نقطه ورود": ["stop_to_entry"],
    "sl to 1.23": ["move_stop 1.23"],
    "New SL: 0.985": ["move_stop 0.985"],
    "trail stop to 128": ["move_stop 128"],
    "Update: SOL stop loss moved to 125": ["move_stop 125"],
    "Close BTC now": ["close"],
    "close now": ["close"],
    "Closed SOL at 131.5 for +6%": ["close 131.5"],
    "#XRP/USDT Closed due to opposite direction signal ⚠": ["close"],
    "close half of ETH and move stop to 3010": ["close_part 50", "move_stop 3010"],
    "Take 50% off SOL here, move stop to BE": ["close_part 50", "stop_to_entry"],
    "close 100%": ["close"],
    "Signal closed ✅ BTC +4.5%": ["close"],
    "پوزیشن رو ببندید": ["close"],
    "استاپ لاس به نقطه ورود منتقل شود": ["stop_to_entry"],
    "take partials": ["close_part"],
    "Signal cancelled": ["cancel"],
    "#XRP/USDT Manually Cancelled ✖": ["cancel"],
    "SOL +170 pips profit": ["report"],
    "SIGNAL: LONG SOL\nENTRY: 145\nTP1: 150 ✅\nTP2: 155\nSL: 140": ["target_hit 1 150"],
    "تارگت اول خورد ✅": ["target_hit"],
    "SOL first take profit nailed 🔥": ["target_hit"],
    "Bybit USDT\n#SOL/USDT All entry targets achieved\nAverage Entry: 123": ["entered"],
    "KuCoin Futures, Bitget Futures\n#SOL/USDT Entered entry zone ✅\nPeriod: 9 min": ["entered"],
    "Binance, OKX, Bybit\n#SOL/USDT Closed due to opposite direction signal ⚠": ["close"],
    "#SOL/USDT Stoploss ⛔\nLoss: 40% 📉": ["stop_hit"],
    "SL ❌\n-40 pips": ["stop_hit"],
    "#SOL stoploss triggered": ["stop_hit"],
    "SOL target = {1, 2} ✅": ["target_hit 1", "target_hit 2"],
    "New stop for SOL: 128": ["move_stop 128"],
    "SOL stop is now at 128": ["move_stop 128"],
    "Set the SL of SOL to 128": ["move_stop 128"],
    "take partials and move the stop to 128": ["close_part", "move_stop 128"],
    "We're out of SOL": ["close"],
    "SOL limit filled at 123": ["entered"],
    "Часть сделки фиксируем, остаток в бу": ["close_part", "stop_to_entry"],
    "Переводим стоп в безубыток": ["stop_to_entry"],
    "Отмена ❌": ["cancel"],
    "Objetivo 2 alcanzado, movemos stop a entrada": ["target_hit 2", "stop_to_entry"],
    "TP1 geldi, stop girişe çekildi": ["target_hit 1", "stop_to_entry"],
    "Ich setze den Stopp bei SOL auf 128": ["move_stop 128"],
    "Primeiro alvo atingido #SOL": ["target_hit"],
    "目标1 到达，止损移动到成本": ["target_hit 1", "stop_to_entry"],
}  # fmt: skip


@pytest.mark.parametrize("text", UPDATES)
def test_an_update_is_read(text: str) -> None:
    reading = read_signal(text, DEFAULT_UNIVERSE)
    assert reading.kind is SignalKind.UPDATE
    assert [said(update) for update in reading.updates] == UPDATES[text]
    assert reading.faults == ()


@pytest.mark.parametrize(
    "text",
    [
        "Move SL to entry after TP1 hits",
        "If TP1 is hit close half",
        "close BTC if SL hit",
        "At TP2 I'll close half",
        "SOL: SL to BE at TP1",
    ],
)
def test_what_hangs_on_a_condition_is_named_and_not_done(text: str) -> None:
    reading = read_signal(text, DEFAULT_UNIVERSE)
    assert reading.kind is SignalKind.UPDATE
    assert reading.updates == ()
    assert "hangs on a condition" in " ".join(reading.faults)


@pytest.mark.parametrize("text", ["SOL: move SL to TP1", "SOL: new TP 140", "TP2 changed to 140"])
def test_what_has_no_plain_level_is_named_and_not_done(text: str) -> None:
    reading = read_signal(text, DEFAULT_UNIVERSE)
    assert reading.kind is SignalKind.UPDATE
    assert reading.updates == ()
    assert "is not done" in " ".join(reading.faults)


def test_a_denial_is_no_update() -> None:
    assert read_signal("TP1 not hit yet", DEFAULT_UNIVERSE).updates == ()
    assert read_signal("do not close BTC", DEFAULT_UNIVERSE).updates == ()


def test_the_pair_is_known_where_it_is_named() -> None:
    assert read_signal("#SOL tp1 hit", DEFAULT_UNIVERSE).symbol == "SOL/USDT"
    assert read_signal("tp1 hit", DEFAULT_UNIVERSE).symbol is None
