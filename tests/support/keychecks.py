"""An exchange's word on keys, as a test has it answer."""

from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from agents.domain.errors import AskUser, ParleyError
from agents.domain.venue import Credentials, Holding, KeyReport

GOOD = KeyReport(
    reads=True,
    trades=True,
    withdraws=False,
    restricted=True,
    hedged=False,
    quote="USDT",
    equity=Decimal("12345.6"),
    free=Decimal("9999.5"),
    holdings={"USDT": Holding(Decimal("9999.5")), "ETH": Holding(Decimal("0.5"), Decimal("0.25"))},
)


@dataclass
class AnsweringKeyCheck:
    """Satisfies `agents.domain.venue.KeyCheck`. Answers `report`, or raises what is in `faults`
    first, one a question; keeps what it was asked."""

    report: KeyReport = GOOD
    faults: list[ParleyError] = field(default_factory=list)
    asked: list[tuple[str, Credentials]] = field(default_factory=list)
    with_password: frozenset[str] = frozenset({"okx"})

    def known(self, exchange: str) -> str:
        if exchange not in {"binance", "okx"}:
            raise AskUser(f"This desk can't trade at {exchange}; it can at binance.")
        return exchange

    def needs_password(self, exchange: str) -> bool:
        return exchange in self.with_password

    async def check(self, exchange: str, credentials: Credentials) -> KeyReport:
        self.asked.append((exchange, credentials))
        if self.faults:
            raise self.faults.pop(0)
        return self.report

    def now(self, **changes: Any) -> None:
        """From now on it says something else of a key."""
        self.report = replace(self.report, **changes)
