"""Small rows for tests of the memory: what a user owns, from the strategy to the position."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from agents.domain.decision import Action, Decision
from agents.domain.heard import Heard
from agents.domain.order import Fill, OrderIntent, OrderPurpose, OrderSide
from agents.domain.ports import Memory
from agents.domain.position import Account, OpenTarget, Position
from agents.domain.proposal import Plan, PlannedTarget, Proposal, Trailing
from agents.domain.signal import (
    SignalKind,
    SignalReading,
    SignalTarget,
    SignalUpdate,
    UpdateKind,
)
from agents.domain.strategy import Mode, Side, Sides, Strategy, StrategySpec, StrategyState, Target
from agents.domain.user import Identity, Place, User
from agents.domain.venue import Connection, Finding, FindingKind

GROUP = Place("telegram", "-100", "7")
NOON = datetime(2026, 3, 1, 12, 0, 0, 123_457, tzinfo=UTC)
CANDLE = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)

SPEC = StrategySpec(
    symbols=("BTC/USDT", "ETH/USDT"),
    side=Sides.LONG,
    timeframe="5m",
    entry_long="rsi(14) < 35",
    stop="1%",
    targets=(Target(at="2R"),),
)

PLAN = Plan(
    side=Side.LONG,
    entry=Decimal("61000.10"),
    stop=Decimal("60400"),
    targets=(PlannedTarget(Decimal("62200.30"), Decimal(1)),),
    trailing=Trailing(percent=Decimal("0.02"), breakeven_r=Decimal(1)),
    quantity=Decimal("0.0163"),
    notes=("sized by risk",),
)


async def a_user(memory: Memory, account: str = "1", platform: str = "telegram") -> User:
    place = Place(platform, account)
    return await memory.users.join(
        Identity(platform, account), f"User {account}", place, operator=False, at=NOON
    )


async def a_strategy(
    memory: Memory, owner_id: int, spec: StrategySpec = SPEC, *, active: bool = True
) -> Strategy:
    strategy = await memory.strategies.draft(
        owner_id, "Dips", spec, "buy the dips", Mode.PAPER, NOON
    )
    if not active:
        return strategy
    await memory.strategies.move(owner_id, strategy.id, StrategyState.ACTIVE, NOON)
    return await memory.strategies.get(owner_id, strategy.id)


def connection_of(owner_id: int, **changes: Any) -> Connection:
    connection = Connection(
        owner_id=owner_id,
        exchange="binance",
        sealed=f"sealed key of {owner_id}",
        ends="x9Qz",
        baseline={"BTC": Decimal("0.10000000"), "BNB": Decimal("1E-8")},
        restricted=True,
        connected_at=NOON,
    )
    return replace(connection, **changes)


def finding_of(owner_id: int, **changes: Any) -> Finding:
    finding = Finding(
        owner_id=owner_id,
        key="holding:BTC",
        kind=FindingKind.HOLDING,
        symbol="BTC/USDT",
        side="long",
        quantity=Decimal("0.0500"),
        price=Decimal("61000.10"),
        found_at=NOON,
    )
    return replace(finding, **changes)


def heard_of(owner_id: int, **changes: Any) -> Heard:
    reading = SignalReading(
        kind=SignalKind.SIGNAL,
        symbol="BTC/USDT",
        written="#BTCUSDT",
        side=Side.LONG,
        entries=(Decimal(61000), Decimal("61200.5")),
        targets=(SignalTarget(Decimal(62000), Decimal("12.5")), SignalTarget(Decimal("63000.0"))),
        stop=Decimal(60400),
        leverage=Decimal(5),
        updates=(SignalUpdate(UpdateKind.MOVE_STOP, price=Decimal("60500")),),
    )
    heard = Heard(owner_id, "pasted", "u1", "LONG #BTCUSDT 🚀", reading, NOON, CANDLE)
    return replace(heard, **changes)


def decision_of(strategy: Strategy, **changes: Any) -> Decision:
    decision = Decision(
        strategy_id=strategy.id,
        owner_id=strategy.owner_id,
        version=strategy.version,
        symbol="BTC/USDT",
        timeframe="5m",
        closed=CANDLE,
        action=Action.ENTER_LONG,
        reason="rsi(14) 31.2 < 35",
        decided_at=NOON,
    )
    return replace(decision, **changes)


async def a_decision(memory: Memory, strategy: Strategy, **changes: Any) -> Decision:
    (stored,) = await memory.decisions.store((), [decision_of(strategy, **changes)])
    return stored


def proposal_of(strategy: Strategy, decision: Decision, **changes: Any) -> Proposal:
    proposal = Proposal(
        owner_id=strategy.owner_id,
        strategy_id=strategy.id,
        strategy_version=strategy.version,
        strategy_name=strategy.name,
        decision_id=decision.id,
        symbol=decision.symbol,
        timeframe=decision.timeframe,
        closed=decision.closed,
        mode=Mode.PAPER,
        plan=PLAN,
        equity=Decimal("10000"),
        confidence=0.7,
        reasons=("rsi(14) 31.2 < 35",),
        advised_by="rules",
        created_at=NOON,
        expires_at=NOON + HOUR,
    )
    return replace(proposal, **changes)


async def a_proposal(memory: Memory, strategy: Strategy, **changes: Any) -> Proposal:
    """Of a decision of its own: each call takes the next candle."""
    newest = await memory.decisions.recent(strategy.owner_id, strategy.id, 1)
    closed = newest[0].closed + timedelta(minutes=5) if newest else CANDLE
    decision = await a_decision(memory, strategy, closed=closed)
    stored = await memory.proposals.add(proposal_of(strategy, decision, **changes))
    assert stored is not None
    return stored


async def an_account(memory: Memory, strategy: Strategy) -> Account:
    return await memory.accounts.open(
        strategy.owner_id, strategy.id, Mode.PAPER, Decimal(10_000), NOON
    )


def intent_of(proposal: Proposal, account: Account, **changes: Any) -> OrderIntent:
    intent = OrderIntent(
        key=f"entry:proposal:{proposal.id}:v{proposal.version}",
        owner_id=proposal.owner_id,
        strategy_id=proposal.strategy_id,
        account_id=account.id,
        symbol=proposal.symbol,
        mode=proposal.mode,
        purpose=OrderPurpose.ENTRY,
        side=OrderSide.BUY,
        quantity=Decimal("0.0163"),
        created_at=NOON,
        proposal_id=proposal.id,
        reason="approved",
    )
    return replace(intent, **changes)


def fill_of(intent: OrderIntent, trade_id: str = "t1", **changes: Any) -> Fill:
    fill = Fill(
        client_id=intent.client_id,
        trade_id=trade_id,
        symbol=intent.symbol,
        side=intent.side,
        price=Decimal("61018.40000001"),
        quantity=Decimal("0.0163"),
        fee=Decimal("0.596759952"),
        fee_currency="USDT",
        at=NOON,
        mark=Decimal("61000.1"),
    )
    return replace(fill, **changes)


def position_of(proposal: Proposal, account: Account, **changes: Any) -> Position:
    position = Position(
        owner_id=proposal.owner_id,
        strategy_id=proposal.strategy_id,
        strategy_name=proposal.strategy_name,
        account_id=account.id,
        proposal_id=proposal.id,
        symbol=proposal.symbol,
        timeframe=proposal.timeframe,
        mode=proposal.mode,
        side=Side.LONG,
        quantity=Decimal("0.0163"),
        entered=Decimal("0.0163"),
        entry_price=Decimal("61018.4"),
        initial_stop=Decimal("60400"),
        stop=Decimal("60400"),
        targets=(OpenTarget(Decimal("62200.3"), Decimal("0.0163")),),
        trailing=Trailing(distance=Decimal("210.5")),
        best=Decimal("61018.4"),
        realised=Decimal(0),
        fees=Decimal("0.596759952"),
        opened_at=NOON,
    )
    return replace(position, **changes)


async def a_position(memory: Memory, strategy: Strategy, **changes: Any) -> Position:
    account = await an_account(memory, strategy)
    proposal = await a_proposal(memory, strategy)
    return await memory.positions.add(position_of(proposal, account, **changes))
