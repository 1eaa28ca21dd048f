"""Signals put together of the parts that channels use, in any order: each level in its place."""

from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from agents.domain.signal import SignalKind
from agents.domain.strategy import Side
from tests.support.readings import read

COINS = {"BTC": "61234.5", "ETH": "3123.4", "SOL": "145.67", "LINK": "14.321", "ADA": "0.4567"}
PAIRS = ["{}/USDT", "#{}USDT", "${}", "#{}", "{}-USDT", "{}USDT.P", "{} / USDT"]
SIDES = {
    Side.LONG: ["LONG", "Buy", "🟢 Long", "ЛОНГ", "لانگ", "COMPRA", "做多", "ALIŞ", "#LONG", "롱"],
    Side.SHORT: [
        "SHORT",
        "Sell",
        "🔴 Short",
        "ШОРТ",
        "شورت",
        "VENTA",
        "做空",
        "SATIŞ",
        "#SHORT",
        "숏",
    ],
}
ENTRIES = [
    "Entry",
    "ENTRY ZONE",
    "Enter",
    "💰Entry Price",
    "Вход",
    "ورود",
    "Entrada",
    "GİRİŞ",
    "入场",
]
TARGETS = [
    "TP{}",
    "Target {}",
    "T{}",
    "🎯 TP {}",
    "Take-Profit {}",
    "Цель {}",
    "Hedef {}",
    "目标{}",
]
LISTS = ["Targets", "TAKE PROFIT", "🎯 TP Levels", "Цели", "Objetivos", "اهداف", "止盈", "Alvos"]
BULLETS = ["{}) ", "{}️⃣ ", "🎯 ", "• ", "➡️", "{} - ", ""]
STOPS = [
    "SL",
    "🛑 Stop Loss",
    "STOP-LOSS",
    "❌ Stop",
    "Стоп",
    "حد ضرر",
    "止损",
    "S/L",
    "ZARAR DURDUR",
]
SIGNS = [": ", " - ", " = ", " : ", " → ", " "]
NOTES = ["", "Exchange: Binance Futures", "Use 3% of your capital", "R:R 1:2.5", "Signal #1234"]
NOTES += [
    "Last 10 signals: 9 wins",
    "🔥 1000+ members 🔥",
    "Move SL to entry after TP1",
    "Date: 2.5.2025",
]
LEVERAGES = [
    "",
    "Leverage: {}x",
    "Lev: {}X",
    "Cross {}x",
    "Плечо: {}х",
    "杠杆: {}倍",
    "Leverage {}x cross",
]


@st.composite
def signals(draw: st.DrawFn) -> tuple[str, dict[str, object]]:
    """A text, and what is in it."""
    coin, start = draw(st.sampled_from(sorted(COINS.items())))
    side = draw(st.sampled_from(list(Side)))
    step = Decimal(start) / 50 * side.sign
    places = Decimal(start).as_tuple().exponent
    prices = [round(Decimal(start) + step * n, -int(places)) for n in range(-2, 6)]
    entries = draw(st.sampled_from([prices[2:3], prices[1:3]]))
    targets = prices[3 : 3 + draw(st.integers(1, 5))]
    sign = draw(st.sampled_from(SIGNS))
    leverage = draw(st.sampled_from([3, 5, 20]))
    lever = draw(st.sampled_from(LEVERAGES))
    parts = [
        draw(st.sampled_from(ENTRIES)) + sign + " - ".join(map(str, entries)),
        draw(_targets(targets, sign)),
        draw(st.sampled_from(STOPS))
        + sign
        + str(prices[0])
        + draw(st.sampled_from(["", " (-4%)"])),
        lever.format(leverage),
        draw(st.sampled_from(NOTES)),
    ]
    head = draw(st.sampled_from(["{0} {1}", "{1} {0}", "{0}\n{1}", "🔥 {0} 🔥\n{1}"]))
    name = draw(st.sampled_from(PAIRS)).format(coin)
    title = head.format(name, draw(st.sampled_from(SIDES[side])))
    wanted = {
        "symbol": f"{coin}/USDT", "side": side, "entries": tuple(sorted(entries)),
        "targets": targets, "stop": prices[0], "leverage": Decimal(leverage) if lever else None,
    }  # fmt: skip
    return "\n".join([title, *draw(st.permutations(parts))]), wanted


@st.composite
def _targets(draw: st.DrawFn, targets: list[Decimal], sign: str) -> str:
    numbered = list(enumerate(targets, start=1))
    if draw(st.booleans()):
        label = draw(st.sampled_from(TARGETS))
        return "\n".join(f"{label.format(n)}{sign}{price}" for n, price in numbered)
    label, bullet = draw(st.sampled_from(LISTS)), draw(st.sampled_from(BULLETS))
    return f"{label}:\n" + "\n".join(f"{bullet.format(n)}{price}" for n, price in numbered)


@given(signals())
@settings(max_examples=400, deadline=None)
def test_what_is_put_in_is_read(signal: tuple[str, dict[str, object]]) -> None:
    text, wanted = signal
    reading = read(text)
    assert reading.kind is SignalKind.SIGNAL
    got = {
        "symbol": reading.symbol, "side": reading.side, "entries": tuple(sorted(reading.entries)),
        "targets": [target.price for target in reading.targets], "stop": reading.stop,
        "leverage": reading.leverage,
    }  # fmt: skip
    assert got == wanted
