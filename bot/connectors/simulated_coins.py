"""The twelve coins of the simulated market."""

from dataclasses import dataclass
from decimal import Decimal

from agents.domain.market import Instrument


@dataclass(frozen=True, slots=True)
class Coin:
    """`level` in USDT; `beta` to bitcoin; `wild` the daily volatility of its own walk and
    `spread` as fractions; `swing` relative to bitcoin's; `lag` in minutes behind it; `turnover`
    in USDT a minute; price and amount have this many decimal places."""

    base: str
    level: float
    beta: float
    wild: float
    swing: float
    lag: float
    turnover: float
    spread: float
    places: int
    amount_places: int

    @property
    def symbol(self) -> str:
        return f"{self.base}/USDT"

    @property
    def instrument(self) -> Instrument:
        step = Decimal(1).scaleb(-self.amount_places)
        return Instrument(
            symbol=self.symbol,
            base=self.base,
            quote="USDT",
            price_step=Decimal(1).scaleb(-self.places),
            amount_step=step,
            min_amount=step,
            min_cost=Decimal(5),
        )


COINS = (
    Coin("BTC", 64_000.0, 1.00, 0.000, 1.00, 0.0, 1_500_000, 0.00004, 1, 5),
    Coin("ETH", 3_200.0, 1.15, 0.012, 1.20, 1.0, 900_000, 0.00005, 2, 4),
    Coin("SOL", 148.0, 1.35, 0.016, 1.90, 2.0, 400_000, 0.00010, 2, 2),
    Coin("XRP", 0.62, 1.05, 0.020, 1.20, 3.0, 250_000, 0.00020, 4, 1),
    Coin("BNB", 585.0, 0.90, 0.012, 0.90, 1.0, 180_000, 0.00010, 2, 3),
    Coin("ADA", 0.47, 1.20, 0.020, 1.30, 4.0, 90_000, 0.00030, 4, 1),
    Coin("DOGE", 0.138, 1.30, 0.026, 1.50, 2.0, 160_000, 0.00020, 5, 0),
    Coin("AVAX", 31.0, 1.40, 0.022, 1.60, 3.0, 80_000, 0.00030, 2, 2),
    Coin("LINK", 15.4, 1.25, 0.020, 1.40, 4.0, 70_000, 0.00030, 3, 2),
    Coin("LTC", 82.0, 0.95, 0.016, 1.10, 3.0, 60_000, 0.00020, 2, 3),
    Coin("DOT", 6.6, 1.20, 0.018, 1.30, 5.0, 50_000, 0.00030, 3, 2),
    Coin("TRX", 0.124, 0.60, 0.012, 0.70, 5.0, 45_000, 0.00030, 5, 1),
)
