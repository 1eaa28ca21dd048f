"""More layouts: lists in every style, notes between the levels, forex manners."""

import pytest

from agents.domain.signal import SignalKind, problems
from tests.support.readings import Shown, numbers, read, shown

NEAR = ("NEAR/USDT", "short", "5.2", "5.05 4.9", "5.4", "")
NEAR_ZONE = ("NEAR/USDT", "short", "5.2 5.25", "5.05 4.9 4.7", "5.4", "10")
ADA = ("ADA/USDT", "long", "0.45", "0.47 0.49", "0.43", "")

CRYPTO: dict[str, Shown] = {
    "#NEAR/USDT\n#SHORT\nLeverage cross 10 X\nEntry : 5.2 - 5.25\nTake Profit Targets\n5.05\n4.9\n"
    "4.7\nStop Loss : 5.4": NEAR_ZONE,
    "$NEAR/USDT { 10X }\n\nDIRECTION : { SHORT }\n\nENTER ➡️5.25 - 5.2\n\nTARGETS\n\n➡️5.05\n➡️4.9\n"
    "➡️4.7\n\nSTOPLOSS : 5.4": NEAR_ZONE,
    "Pairs:  NEAR/USDT\n Trade Type = SHORT\n Leverage :- 10x\nEntry = [ 5.2 TO 5.25 ]\n"
    "StopLoss :- 5.4\nTake profit = [ 5.05, 4.9, 4.7 ]": NEAR_ZONE,
    "📉 SHORT #NEAR/USDT\n\nLEVERAGE : 10x\n\n✔️ TAKE ENTRY NOW 5.2\n\nTAKE PROFIT TARGETS\n\n"
    "1) TP ➡️ 5.05\n2) TP ➡️ 4.9\n\n⚠️ STOPLOSS\n\n1) ➡️ 5.4": (
        "NEAR/USDT", "short", "market 5.2", "5.05 4.9", "5.4", "10",
    ),
    "NEAR SHORT\nEntry: 5.2\nT.P 1\n5.05\nT.P 2\n4.9\nS.L\n5.4": NEAR,
    "NEAR short at 5.2\nTP (1) ✅ 5.05\nTP (2) ✅ 4.9\nSL ❌ 5.4": NEAR,
    "◾️SHORT NEAR◾️ENTRY 5.2\n1▪️TP 5.05\n2▪️TP 4.9\n▪️SL 5.4": NEAR,
    "#NEAR short\nEntry 5.2\nTarget1#5.05\nTarget2# 4.9\nstop 5.4": NEAR,
    "NEAR short\nEntry 5.2\n#TP1  5.05  +15\n#TP2  4.9  +30\n#SL  5.4  -20": NEAR,
    "NEAR/USDT short\nEntry 5.2\nTarget 1 (safe): 5.05\nTarget 2 - moon!: 4.9\nSL 5.4": NEAR,
    "NEAR/USDT short\nEntry 5.2\nTargets (partial exits): 5.05 - 4.9\nSL 5.4": NEAR,
    "NEAR/USDT SHORT\nPrice: 5.2\nTP1: 5.05\nTP2: 4.9\nSL: 5.4": NEAR,
    "SellStop #NEARUSDT (h4)\nPrice: 5.2\nSL: 5.4\nTP: 5.05 4.9": NEAR,
    "SELL NEAR\nAt : 5.2\nSL : 5.4 - Risk 20 Pip\nTP1 : 5.05 - Reward 15 pip\nTP2 : 4.9 - Reward "
    "30 pip": NEAR,
    "NEAR SELL LIMIT SET AT @\n5.2\n\nSL @ 5.4(20 PIP)\nTP @ 5.05 & 4.9": NEAR,
    "SELL NEAR from {5.2_5.25/$}\nT.P: 5.05 - 4.9 - 4.7\nS.L: @5.4/$\nlev 10x": NEAR_ZONE,
    "#NEAR/USDT sell zone 1: 5.2\nTP1 5.05\nTP2 4.9\nSL 5.4\nMove SL to entry after TP1": NEAR,
    "NEAR/USDT\nSHORT\nEntry: 5.2\n\nTargets:\n1 - 5.05\n2 - 4.9\n\n120 members follow this!\n"
    "SL: 5.4": NEAR,
    "3 free signals for all\nNEAR/USDT SHORT\nEntry: 5.20\nTP: 5.05 4.90\nSL: 5.40\nR:R 1:2.5\n"
    "Risk/Reward: 2.5x": NEAR,
    "Signal, [03.06.25 10:44]\nNEAR/USDT SHORT\nEntry: 5.20\nTP: 5.05 / 4.90\nSL: 5.40": NEAR,
    "📊 NEAR Short 🔴\n🛑 Stop 5.4\n🎯 Tg1 5.05\n🎯 Tg2 4.9\nEP 5.2": NEAR,
    "NEAR SHORT\nEntry 5.2\nTP 5.05 (50%)\nTP 4.9 (50%)\nSL 5.4\nClose all at SL if it "
    "breaks": NEAR,
    "Coin: #ADA\nYön: LONG\nGiriş: 0,45\nHedef 1: 0,47\nHedef 2: 0,49\nStop: 0,43\nKaldıraç: "
    "3.0x": (
        "ADA/USDT", "long", "0.45", "0.47 0.49", "0.43", "3",
    ),
    "LONG ADA\nEntry: 0.45\nTP1: 0.47 (22.2%)\nTP2: 0.49 (44.4%)\nTP3: 0.51 (66.7%)\nSL: 0.43": (
        "ADA/USDT", "long", "0.45", "0.47 0.49 0.51", "0.43", "",
    ),
    "BTC LONG\nEntry 60000,59000\nTP 62000,64000\nSL 58000": (
        "BTC/USDT", "long", "60000 59000", "62000 64000", "58000", "",
    ),
    "#ADA/USDT\n#LONG\nOpen: 0.45\nTake: 0.47, 0.49\nStop: 0.43": ADA,
    "LONG\nADA/USDT\nMARKET PRICE\nTP: 0.47, 0.49\nSL: 0.43": (
        "ADA/USDT", "long", "market", "0.47 0.49", "0.43", "",
    ),
}  # fmt: skip


@pytest.mark.parametrize("text", CRYPTO, ids=range(len(CRYPTO)))
def test_every_level_is_in_its_place(text: str) -> None:
    reading = read(text)
    assert shown(reading) == CRYPTO[text]
    assert reading.kind is SignalKind.SIGNAL
    assert reading.faults == ()
    assert problems(reading, None) == ()


@pytest.mark.parametrize(
    ("text", "pair"),
    [
        ("Buy EUR USD 1.1754\nSL 1.1680\nTP 1.1850", "EUR USD"),
        ("Sell\nCad chf @ 1.1754\nSl.  1.1850\nTp.  1.1680", "Cad chf"),
        ("📉GBPJPY SELL 1.1754\nTP 1.1680\nSL 1.1850", "GBPJPY"),
    ],
)
def test_currencies_in_any_spelling_are_known_and_not_traded(text: str, pair: str) -> None:
    reading = read(text)
    assert reading.kind is SignalKind.SIGNAL
    assert reading.symbol is None
    assert reading.written == pair.replace(" ", "")
    assert numbers(reading.entries) == "1.1754"
    assert len(reading.faults) == 1


def test_percentages_that_may_be_either_are_no_shares() -> None:
    """10, 20, 30 and 40 % are a whole, and with 10x the way to each target."""
    text = (
        "ADA LONG\nEntry: 1.00\nTP1: 1.01 (10%)\nTP2: 1.02 (20%)\nTP3: 1.03 (30%)\nTP4: 1.04 (40%)"
    )
    reading = read(text + "\nSL: 0.98")
    assert {target.share for target in reading.targets} == {None}
    assert "percentages" in " ".join(reading.faults)


@pytest.mark.parametrize(
    ("targets", "shares"),
    [
        ("TP1: 0.47, close 30% here\nTP2: 0.49, close remaining 70%", [30, 70]),
        ("TP1 (+4.4%): 0.47, close 30%\nTP2 (+8.9%): 0.49, close 70%", [30, 70]),
        ("TP1 (30%): 0.47\nTP2 (70%): 0.49", [30, 70]),
        ("TP1 (+4.4%): 0.47\nTP2 (+8.9%): 0.49", [None, None]),
        ("TP1 (4.4%): 0.47\nTP2 (8.9%): 0.49", [None, None]),
    ],
)
def test_percentages_before_a_price_and_parts_to_close(
    targets: str, shares: list[int | None]
) -> None:
    reading = read(f"ADA LONG\nEntry: 0.45\n{targets}\nSL: 0.43")
    assert shown(reading) == ADA
    assert [target.share for target in reading.targets] == shares
    assert reading.faults == ()
