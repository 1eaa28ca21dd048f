"""Rows of proposed and open trades, each with what it refers to."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from agents.domain.decision import Action
from agents.domain.money import ZERO
from agents.domain.position import OpenTarget, Position
from agents.domain.proposal import Plan, PlannedTarget, Proposal, ProposalState, Trailing
from agents.domain.strategy import Mode, Side
from bench.filling import BALANCE, Row
from storage.positions import _columns as position_columns
from storage.proposals import _columns as proposal_columns

PRICE = Decimal(100)
ONE = Decimal(1)
TARGET = Decimal(500)  # out of the way


@dataclass(frozen=True)
class Trade:
    """One trade of a strategy: its number is that of its decision, proposal and position."""

    number: int
    owner: int
    strategy: int
    symbol: str
    timeframe: str
    closed: datetime
    stop: Decimal

    def decision(self) -> Row:
        return {
            "id": self.number,
            "strategy_id": self.strategy,
            "owner_id": self.owner,
            "version": 1,
            "symbol": self.symbol,
            "timeframe": self.timeframe,
            "closed": self.closed,
            "action": Action.ENTER_LONG,
            "reason": "rsi(14) 28.4 < 30",
            "decided_at": self.closed,
            "model_call_id": None,
        }

    def proposal(self, state: ProposalState) -> Row:
        targets = (PlannedTarget(TARGET, ONE),)
        wall = datetime.now(UTC)
        proposed = Proposal(
            owner_id=self.owner,
            strategy_id=self.strategy,
            strategy_version=1,
            strategy_name="Dips",
            decision_id=self.number,
            symbol=self.symbol,
            timeframe=self.timeframe,
            closed=self.closed,
            mode=Mode.PAPER,
            plan=Plan(Side.LONG, PRICE, self.stop, targets, Trailing(), ONE),
            equity=Decimal(BALANCE),
            confidence=None,
            reasons=("rsi(14) 28.4 < 30",),
            advised_by="rules",
            created_at=wall,
            expires_at=wall + timedelta(hours=1),
            state=state,
        )
        return {"id": self.number, **proposal_columns(proposed)}

    def position(self) -> Row:
        opened = Position(
            owner_id=self.owner,
            strategy_id=self.strategy,
            strategy_name="Dips",
            account_id=self.strategy,
            proposal_id=self.number,
            symbol=self.symbol,
            timeframe=self.timeframe,
            mode=Mode.PAPER,
            side=Side.LONG,
            quantity=ONE,
            entered=ONE,
            entry_price=PRICE,
            initial_stop=self.stop,
            stop=self.stop,
            targets=(OpenTarget(TARGET, ONE),),
            trailing=Trailing(),
            best=PRICE,
            realised=ZERO,
            fees=ZERO,
            opened_at=self.closed,
        )
        return {"id": self.number, **position_columns(opened)}
