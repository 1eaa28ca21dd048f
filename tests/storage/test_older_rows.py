"""Rows that an earlier release wrote, read by this one: what they did not say has its meaning."""

from collections.abc import Mapping
from dataclasses import fields
from decimal import Decimal
from typing import Any

from agents.domain.order import Fill, OrderIntent, OrderKind, OrderState
from agents.domain.ports import Memory
from agents.domain.position import Position
from agents.domain.proposal import Plan, ProposalState
from agents.domain.strategy import Mode, Strategy
from storage.columns import to_micros
from storage.database import open_database
from storage.rows import Repository
from storage.schema import client_of, config, upgrade
from storage.specs import printed
from storage.transactions import Transactions
from tests.support.stored import NOON, SPEC

AT = to_micros(NOON)
# Every column that the schema of the release had, as it wrote them.
ROWS_0004 = f"""
INSERT INTO users (name, zone, operator, notices, created_at)
VALUES ('Ann', 'UTC', TRUE, '{{}}', {AT});
INSERT INTO strategies (owner_id, number, name, version, state, mode, run, timeframe, created_at,
    activated_at, pause_reason, autonomy)
VALUES (1, 1, 'Dips', 1, 'active', 'paper', 'continuous', '5m', {AT}, {AT}, '', NULL);
INSERT INTO strategy_versions (strategy_id, version, spec, sentence, created_at)
VALUES (1, 1, '{printed(SPEC)}', 'buy the dips', {AT});
INSERT INTO decisions (strategy_id, owner_id, version, symbol, timeframe, closed, action, reason,
    decided_at, model_call_id)
VALUES (1, 1, 1, 'BTC/USDT', '5m', {AT}, 'enter_long', 'low', {AT}, NULL);
INSERT INTO accounts (owner_id, strategy_id, mode, currency, start, balance, peak, opened_at)
VALUES (1, 1, 'paper', 'USDT', '10000', '9999.40', '10000', {AT});
INSERT INTO proposals (owner_id, strategy_id, strategy_version, strategy_name, decision_id, symbol,
    timeframe, closed, mode, plan, equity, confidence, reasons, advised_by, created_at, expires_at,
    state, version, outcome, veto_reason, resolved_by, resolved_at, changes, runs_at, autonomy)
VALUES (1, 1, 1, 'Dips', 1, 'BTC/USDT', '5m', {AT}, 'paper',
    '{{"side":"long","entry":"61000.10","stop":"60400",
      "targets":[{{"price":"62200.30","share":"1"}}],
      "trailing":{{"percent":"0.02","distance":null,"breakeven_r":"1"}},
      "quantity":"0.0163","notes":["sized by risk"]}}',
    '10000', '0.7', '["low"]', 'rules', {AT}, {AT}, 'pending', 1, '', NULL, NULL, NULL, '[]', NULL,
    NULL);
INSERT INTO orders (key, client_id, owner_id, strategy_id, account_id, symbol, mode, purpose, side,
    quantity, created_at, proposal_id, position_id, "trigger", reason, state, filled, error)
VALUES ('entry:proposal:1:v1', 'pl00', 1, 1, 1, 'BTC/USDT', 'paper', 'entry', 'buy', '0.0163', {AT},
    1, 1, NULL, 'approved', 'unknown', '0.0100', '');
INSERT INTO fills (order_id, account_id, client_id, trade_id, symbol, side, price, quantity, fee,
    fee_currency, at, mark)
VALUES (1, 1, 'pl00', 't1', 'BTC/USDT', 'buy', '61018.40', '0.0100', '0.60', 'USDT', {AT}, NULL);
INSERT INTO positions (owner_id, strategy_id, strategy_name, account_id, proposal_id, symbol,
    timeframe, mode, side, quantity, entered, entry_price, initial_stop, stop, targets, "trailing",
    best, realised, fees, opened_at, state, closed_at, exit_price, exit_reason, version)
VALUES (1, 1, 'Dips', 1, 1, 'BTC/USDT', '5m', 'paper', 'long', '0.0100', '0.0100', '61018.40',
    '60400', '60400', '[{{"price":"62200.30","quantity":"0.0100","done":false}}]',
    '{{"percent":null,"distance":"210.5","breakeven_r":null}}', '61018.40', '0', '0.60', {AT},
    'open', NULL, NULL, '', 3);
"""


async def _written_by_0004(url: str) -> None:
    await upgrade(url, "0004_signals")
    client = client_of(config(url))
    await client.open()
    try:
        rows = Repository(Transactions(client))
        for statement in ROWS_0004.split(";\n"):
            if statement.strip():
                await rows.change(statement)
    finally:
        await client.close()


def _said_nothing(found: object, later: Mapping[str, Any]) -> None:
    """`found` has the values of `later`, which it did not have at the time."""
    assert {name: getattr(found, name) for name in later} == later
    known = {field.name: field.default for field in fields(found)}  # type: ignore[arg-type]
    assert {name: known[name] for name in later} == later


async def test_rows_of_the_release_before_read_back(empty_url: str) -> None:
    await _written_by_0004(empty_url)
    database = await open_database(empty_url)
    try:
        await _strategy_and_trade(database)
        await _they_go_on(database)
    finally:
        await database.close()


async def _strategy_and_trade(memory: Memory) -> None:
    strategy: Strategy = await memory.strategies.get(1, 1)
    _said_nothing(strategy, {"schedule": "", "waits_flat": False})
    assert await memory.strategies.due("5m") == [strategy]
    plan: Plan = (await memory.proposals.get(1, 1)).plan
    _said_nothing(plan, {"leverage": 1, "liquidation": None})
    assert (plan.entry, plan.quantity) == (Decimal("61000.10"), Decimal("0.0163"))
    (order,) = await memory.orders.in_states([OrderState.UNKNOWN])
    new = {"price": None, "pair": "", "target": None, "venue_id": "", "sent_at": None}
    _said_nothing(order, {"kind": OrderKind.MARKET, **new})
    assert not order.rests and order.left == Decimal("0.0063")
    fill: Fill | None = await memory.orders.fill("pl00", "t1")
    assert fill is not None
    _said_nothing(fill, {"fee_value": None, "heard_at": None})
    position: Position = await memory.positions.by_id(1)
    _said_nothing(position, {"funding": Decimal(0), "leverage": 1, "liquidation": None})
    values = ("entry_value", "exit_value", "step")
    _said_nothing(position, dict.fromkeys(values, Decimal(0)))
    assert position.net() == Decimal("-0.60")
    assert await memory.positions.still_open() == [position]


async def _they_go_on(memory: Memory) -> None:
    """What was open is traded on."""
    order: OrderIntent = await memory.orders.get(1)
    assert await memory.orders.resting(1) == []
    assert await memory.orders.unsettled_of(1, Mode.PAPER) == [order]
    assert await memory.orders.move(order, OrderState.PART_FILLED, filled=Decimal("0.0101"))
    position = await memory.positions.by_id(1)
    assert await memory.positions.save(position)
    assert await memory.positions.of_owner_mode(1, Mode.PAPER, NOON)
    assert await memory.accounts.funding(1) == []
    assert await memory.connections.of(1) is None
    proposal = await memory.proposals.get(1, 1)
    assert await memory.proposals.move(proposal, ProposalState.VETOED)
