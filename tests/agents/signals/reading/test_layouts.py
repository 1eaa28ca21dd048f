"""Signals in the layouts that channels use: every level in its place, or named."""

import pytest

from agents.domain.signal import SignalKind, problems
from tests.support.readings import Shown, read, shown

SOL = ("SOL/USDT", "long", "123", "130 140", "110", "")
SOL_RANGE = ("SOL/USDT", "long", "123 125", "130 140 150", "110", "")
ONCE = "SOL/USDT LONG Entry 123 {} SL 110"


LAYOUTS: dict[str, Shown] = {
    "#BTC/USDT\nExchanges: Binance Futures\nSignal Type: Regular (Long)\nLeverage: Isolated (5.0X)"
    "\n\nEntry Targets:\n1) 38766.9\n\nTake-Profit Targets:\n1) 39000 - 20%\n2) 39500 - 80%\n\n"
    "Stop Targets:\n1) 38500 - 100.0%\n\nTrailing Configuration:\nEntry: Percentage (0.5%)\n"
    "Take-Profit: Percentage (0.5%)\nStop: Moving Target -\n Trigger: Target (1)": (
        "BTC/USDT", "long", "38766.9", "39000 39500", "38500", "5",
    ),
    "🔥 #SOL/USDT 🔥\n📈 LONG\nLeverage: 10X\nEntry: 125 - 123\nTargets:\n🎯 130\n🎯 140\n🎯 150\n"
    "🛑 SL: 110": ("SOL/USDT", "long", "123 125", "130 140 150", "110", "10"),
    "Pair: $LINK\nPosition: SHORT\nEntry 1: 14.50\nEntry 2: 14.85\nTP1: 14.10\nTP2: 13.60\n"
    "SL: 15.30\nLev: 5x-10x Isolated": (
        "LINK/USDT", "short", "14.5 14.85", "14.1 13.6", "15.3", "5 10",
    ),
    "ETH long now, sl 2950, tp 3100/3200/3300": (
        "ETH/USDT", "long", "market", "3100 3200 3300", "2950", "",
    ),
    "Long $BTC @ 60k-60.5k, stop 58.9k, targets 62k, 64k": (
        "BTC/USDT", "long", "60000 60500", "62000 64000", "58900", "",
    ),
    "Long $BTC @ 60-60.5k, stop 58.9k, targets 62k, 64k": (
        "BTC/USDT", "long", "60000 60500", "62000 64000", "58900", "",
    ),
    "✅ COIN: #ADA/USDT\n✅ SHORT\n✅ Entry: 0.4500\n✅ Target 1: 0.4400\n✅ Target 2: 0.4300\n"
    "✅ Stop loss: 0.4650": ("ADA/USDT", "short", "0.45", "0.44 0.43", "0.465", ""),
    "PEPE/USDT LONG\nEntry: 0.00001234-0.00001200\nTP: 0.00001300 0.00001400\nSL: 0.00001150": (
        "PEPE/USDT", "long", "0.000012 0.00001234", "0.000013 0.000014", "0.0000115", "",
    ),
    "Symbol: BTCUSDT Side: Short Entry price: 61,250.5 Take profit: 60,000 Stop loss: 62,000 "
    "Leverage: 20": ("BTC/USDT", "short", "61250.5", "60000", "62000", "20"),
    "🟢 #AVAX\nEntry: market\nTP 1 – 36.5\nTP 2 – 38\nSL – 33": (
        "AVAX/USDT", "long", "market", "36.5 38", "33", "",
    ),
    "AAVE/USDT\nSPOT BUY\nBuy zone: 95 - 98\nSell targets: 105, 115\nStop loss: close below 90": (
        "AAVE/USDT", "long", "95 98", "105 115", "90", "",
    ),
    "Exchange: Binance Futures\n#NEARUSDT Short\nEntry: 5.120, 5.180\nTP: 5.05, 4.95\nSL: 5.30\n"
    "Cross 20x": ("NEAR/USDT", "short", "5.12 5.18", "5.05 4.95", "5.3", "20"),
    "LTC/USDT LONG\nEntry : 84 – 85.5\nTake-Profit:\n1⃣ 87\n2⃣ 90\nStop-Loss: 5%\n"
    "Leverage : Cross 10X\nDate: 12.05.2025": ("LTC/USDT", "long", "84 85.5", "87 90", "5%", "10"),
    "Signal #123 BTCUSDT.P SHORT\nEntry zone: $61.2K - $61.8K\nTP1 $60.1K (+1.8%)\n"
    "TP2 $58.9K (+3.8%)\nStop: $62.9K\nR:R 1:2.5": (
        "BTC/USDT", "short", "61200 61800", "60100 58900", "62900", "",
    ),
    "📌 #ETHUSDT\n🔰 LONG\n💵 Entry : 1800 - 1780\n🏆 Take profit: 1820, 1840\n🚫 SL : 1750": (
        "ETH/USDT", "long", "1780 1800", "1820 1840", "1750", "",
    ),
    "Free signal! LTC (LONG x20)\nEntry: 84.5\nTP: 86 | 88\nSL: 82": (
        "LTC/USDT", "long", "84.5", "86 88", "82", "20",
    ),
    "سیگنال خرید بیتکوین\nورود: ۶۰۰۰۰\nتارگت اول: ۶۱۰۰۰\nتارگت دوم: ۶۲۰۰۰\nحد ضرر: ۵۹۰۰۰\n"
    "اهرم: ۵": ("BTC/USDT", "long", "60000", "61000 62000", "59000", "5"),
    "Монета: SOL/USDT\nЛонг\nВход: 123 - 125\nЦели: 130, 140, 150\nСтоп: 110\nПлечо: 10х": (
        "SOL/USDT", "long", "123 125", "130 140 150", "110", "10",
    ),
    "#ADA LONG entry: 0,45 targets: 0,47 0,50 sl: 0,43": (
        "ADA/USDT", "long", "0.45", "0.47 0.5", "0.43", "",
    ),
    "LIMIT LONG #ADA at 0.45 and 0.44, TP 0.5, SL 0.42, 3x": (
        "ADA/USDT", "long", "0.44 0.45", "0.5", "0.42", "3",
    ),
    "SOL/USDT LONGLeverage: 3.0XEntry: 123Target 1: 130Target 2: 140Stoploss: 110": (
        "SOL/USDT", "long", "123", "130 140", "110", "3",
    ),
    "TP: 1.05 TP: 1.10 BUY INJ/USDT 1.00 SL 0.95": (
        "INJ/USDT", "long", "1", "1.05 1.1", "0.95", "",
    ),
    "SOL/USDT LONG\nEntry Price : 123.0\nTargets:\n1 - 130\n2 - 140\nStop : 110": SOL,
    "SOL/USDT LONG\nEntry: 123\nTargets\n1. 130\n2. 140\nStop: 110": SOL,
    "SOL/USDT LONG\nEntry: 123\nTP: 130 (50%) 140 (50%)\nSL: 110 (-10.5%)": SOL,
    "🔥 SOL LONG 🔥\n🔹Entry: 123.00$\n🔹Take Profit:\n   ▪️ 130.00$\n   ▪️ 140.00$\n🔹Stop Loss:"
    " 110.00$\n⚠️ Use 3-5% of your portfolio": SOL,
    "SOLUSDT Perpetual\nBUY/LONG\nEntry Limit 123\nTake profit 130 140\nStop 110": SOL,
    "I'm longing SOL here at 123 with a stop at 110 and targets at 130 and 140": SOL,
    "Buy SOL at 123. Stop loss at 110. First target 130, second target 140.": SOL,
    "XRP LONG\nEntry 3\nTP 1 4\nTP 2 5\nSL 2": ("XRP/USDT", "long", "3", "4 5", "2", ""),
    "XRP LONG\nEntry: 1 - 1.05\nTP: 1.1 1.2\nSL: 0.95": (
        "XRP/USDT", "long", "1 1.05", "1.1 1.2", "0.95", "",
    ),
    "📩 #GALAUSDT 15m | Mid-Term\n📈 Long Entry Zone: 0.1894-0.1842\n🎯 - Strategy Accuracy: 92%\n"
    "Last 5 signals: 100%\n⏳ - Signal details:\nTarget 1: 0.1905\nTarget 2: 0.1955\n"
    "🧲Trend-Line: 0.1884\n❌Stop-Loss: 0.1776\n💡After reaching the first target you can put the "
    "rest of the position to breakeven": (
        "GALA/USDT", "long", "0.1842 0.1894", "0.1905 0.1955", "0.1776", "",
    ),
    "SOL/USDT LONG setup\nPrice has retested the 120 support and looks ready. RSI is at 35.\n"
    "Entry: 123\nTarget: 130 140\nStop: 110": SOL,
    "SOL/USDT\nLong\nEntry: 123\nTP1: 130 (5.7%)\nTP2: 140 (13.8%)\nSL: 110": SOL,
    ONCE.format("T1 - 130 T2 - 140"): SOL,
    ONCE.format("TP.1 : 130 TP.2 : 140"): SOL,
    ONCE.format("TP#1 130 TP#2 140"): SOL,
    ONCE.format("Target1=130 Target2=140"): SOL,
    ONCE.format("Target-1 130 Target-2 140"): SOL,
    ONCE.format("1st target: 130 2nd target: 140"): SOL,
    ONCE.format("First target 130 second target 140"): SOL,
    ONCE.format("Targets: 1) 130, 2) 140"): SOL,
    ONCE.format("Take Profit 1 - 130 Take Profit 2 - 140"): SOL,
    ONCE.format("TP1/TP2: 130/140"): SOL,
    ONCE.format("TP¹130 TP²140"): SOL,
    ONCE.format("TP ①130 TP ②140"): SOL,
    ONCE.format("𝗧𝗣𝟭 𝟭𝟯𝟬 𝗧𝗣𝟮 𝟭𝟰𝟬"): SOL,
    ONCE.format("TP 130 TP 140 TP 3: open"): SOL,
    "SOL LONG\nentry 123\nstop 110\ntp 130\ntp 140": SOL,
    "Direction : Long (Buy)\nCoin - SOL\nEntry - 123\nTP - 130 - 140\nS/L - 110": SOL,
    "سولانا\nلانگ\nورود: ۱۲۳ تا ۱۲۵\nتارگت ها:\n۱۳۰\n۱۴۰\n۱۵۰\nحد ضرر: ۱۱۰": SOL_RANGE,
    "Buy $SOL Around 123-125\nT1 - 130 T2 - 140 T3 - 150\nStop loss 110 (5%)": SOL_RANGE,
}  # fmt: skip


@pytest.mark.parametrize("text", LAYOUTS, ids=range(len(LAYOUTS)))
def test_every_level_is_in_its_place(text: str) -> None:
    reading = read(text)
    assert shown(reading) == LAYOUTS[text]
    assert reading.kind is SignalKind.SIGNAL
    assert reading.faults == ()
    assert problems(reading, None) == ()


def test_shares_are_of_the_position_and_gains_are_not() -> None:
    text = "#SOL LONG\nEntry: 100\nTP1: 110 {}\nTP2: 120 {}\nSL: 90"
    shares = read(text.format("(40%)", "(60%)")).targets
    assert [target.share for target in shares] == [40, 60]
    gains = read(text.format("(+10%)", "(+20%)"))
    assert [target.share for target in gains.targets] == [None, None]
    assert gains.faults == ()
    unclear = read(text.format("(5%)", "(25%)"))
    assert [target.share for target in unclear.targets] == [None, None]
    assert "percentages" in " ".join(unclear.faults)


NAMED = {
    "GBPUSD BUY LIMIT 1.2650 SL 1.2600 TP 1.2750": "GBPUSD is not among the markets",
    "Gold sell @3983 SL 3991 TP 3980": "Gold (XAUUSD) is not among the markets",
    "Buy @ 4030-4028\nTP: 4045\nSL: 4015": "No pair",
    "BTC/USDT Entry 60000 TP 61000 SL 59000": "does not say long or short. The levels fit a long",
    "BTC/USDT\nBUY: 60,000\nSELL: 61,500\nSTOP: 58,900": "both long and short",
    "BTC LONG SL 58500 TP 63000": "No entry",
    "BTC 60000 LONG SL 58500 TP 63000": "60000",
    "BTC LONG 60000 SL 58500 or 58000 TP 63000": "several stops",
    "BTC LONG 60000\nSL: 5-10%\nTP 63000": "The stop is a range",
    "BTC LONG 60000 SL 100 pips TP 63000": "pips",
    "BTC LONG 60000 SL 59000 TP 3%": "target in percent",
    "BTC LONG 60000 SL 59000 TP1 61000 TP1 62000": "Target 1 is named twice",
    "BTC LONG 60000 SL 5900 TP 61000": "stop 5900 does not fit",
    "BTC LONG 60000 SL 59000 TP 6100000": "target 6100000 does not fit",
    "BTC LONG .60000/60100 SL 59000 TP 61000": "does not fit",
    "BTC LONG 60000 SL 59000 TP 61000 62000 moonbag 66000": "66000",
    "BTC LONG 60000 SL 59000 TP 0": "“0” is no price",
    "#BTC/USDT LONG Entry 60000 Target 61000 SL 59000\n#ETH/USDT SHORT Entry 3000 Target 2900 "
    "SL 3100": "several pairs",
    "BTC LONG Entry 60000 SL 59000 Targets: 61000 ✅ 62000 ✅": "tick",
    "BTC LONG 60000 SL 59000 TP 61000\nLeverage: 5x 10x 20x": "leverage is not clear",
    "SOL LONG\nEntry: 123\n\n130\n140\n150\n\nStop: 110": "130",
    "SOL LONG 123, 130, 140, 150\nSL 110": "what of its prices are entries",
    "SOL LONG\nEntry 123\nSL 110\nTP: trailing, or 140": "trailing",
    "SOL LONG\nEntry 123\nTP1 130\nTP2 open (140 / 150)\nSL 110": "140",
    "SOL LONG\nBuy 1: 123 TP 130\nBuy 2: 120 TP 128\nSL 110": "several entries",
    "XRP LONG 1.5 SL1 TP2": "number of a target",
    "SOL LONG\nEntry 123\nTP 130\nSL 110\nTake 30% off here": "to close",
    "SOL LONG\nEntry 123\nTP 130\nSL 110\nClosed, cancel the rest": "to close",
    "SOL long, entry 123, SL 110, TP 130?": "asked",
    "SOL SHORT 123 SL 130 TP 11": "target 11 does not fit",
    "Example: SOL LONG Entry 123 SL 110 TP 130": "an example",
    "An analyst says: SOL LONG Entry 123 SL 110 TP 130": "what others say",
    "The result of SOL LONG Entry 123 SL 110 TP 130": "what has been",
    "SOL grid LONG\nEntry 123\nSL 110\nTP 130": "setting of a bot",
    "Never LONG SOL! Entry 123 SL 110 TP 130": "not to do",
    "SOL LONG\nIf 121 holds, entry 123\nSL 110\nTP 130": "hangs on a condition",
    "QQQBTC LONG\nEntry 0.00012\nTP 0.00013\nSL 0.00011": "QQQBTC is not among the markets",
}


@pytest.mark.parametrize("text", NAMED)
def test_what_is_not_clear_is_named(text: str) -> None:
    reading = read(text)
    assert reading.kind is SignalKind.SIGNAL
    assert NAMED[text] in " ".join(reading.faults)


def test_orders_that_wait_behind_the_price_are_noted() -> None:
    reading = read("BTC BUY STOP 60000 SL 59000 TP 62000")
    assert shown(reading)[2:5] == ("60000", "62000", "59000")
    assert reading.unread == ("BUY STOP",)


def test_a_colour_alone_is_no_side() -> None:
    """It counts where the levels say the same."""
    text = "{} #BTC/USDT\nEntry 60000 TP {} SL {}"
    assert read(text.format("🔴", "59000", "61000")).side == "short"
    torn = read(text.format("🔴", "61000", "59000"))
    assert torn.side is None
    assert torn.faults
