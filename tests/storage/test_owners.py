"""Nobody sees or touches what is another's: every method of the ports that takes an owner."""

import inspect
from collections.abc import Awaitable, Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from agents.domain import ports
from agents.domain.autonomy import MANUAL
from agents.domain.errors import NotFound
from agents.domain.heard import Listen
from agents.domain.ports import Memory
from agents.domain.publishing import Moment
from agents.domain.sharing import Share
from agents.domain.strategy import Mode, StrategyState
from agents.domain.user import Identity, User
from agents.domain.venue import ConnectionState, FindingState
from tests.storage.test_notes import CALL
from tests.support.stored import (
    GROUP,
    NOON,
    SPEC,
    a_decision,
    a_position,
    a_strategy,
    connection_of,
    finding_of,
    heard_of,
    intent_of,
)

THERE = Identity("telegram", "1")
Call = Callable[[Memory, int, dict[str, int]], Awaitable[Any]]

REPOSITORIES: dict[str, type] = inspect.get_annotations(ports.Memory, eval_str=True)

# Each method with an owner, called by somebody who owns nothing, with the ids of what is Ann's.
FOREIGN_CALLS: dict[str, Call] = {
    "strategies.get": lambda m, me, ids: m.strategies.get(me, ids["strategy"]),
    "strategies.of": lambda m, me, ids: m.strategies.of(me),
    "strategies.move": lambda m, me, ids: m.strategies.move(
        me, ids["strategy"], StrategyState.PAUSED, NOON
    ),
    "strategies.revise": lambda m, me, ids: m.strategies.revise(
        me, ids["strategy"], 1, SPEC, "mine now", NOON
    ),
    "strategies.spec_at": lambda m, me, ids: m.strategies.spec_at(me, ids["strategy"], 1),
    "strategies.rename": lambda m, me, ids: m.strategies.rename(me, ids["strategy"], "mine now"),
    "strategies.set_run": lambda m, me, ids: m.strategies.set_run(me, ids["strategy"], "once"),
    "strategies.set_autonomy": lambda m, me, ids: m.strategies.set_autonomy(
        me, ids["strategy"], MANUAL
    ),
    "strategies.set_mode": lambda m, me, ids: m.strategies.set_mode(
        me, ids["strategy"], Mode.PAPER, Mode.PAPER
    ),
    "strategies.set_schedule": lambda m, me, ids: m.strategies.set_schedule(
        me, ids["strategy"], "", waits_flat=False
    ),
    "orders.by_venue_id": lambda m, me, ids: m.orders.by_venue_id(me, "v1"),
    "orders.unsettled_of": lambda m, me, ids: m.orders.unsettled_of(me, Mode.PAPER),
    "orders.entries_of_owner_since": lambda m, me, ids: m.orders.entries_of_owner_since(
        me, Mode.PAPER, NOON
    ),
    "positions.of_owner_mode": lambda m, me, ids: m.positions.of_owner_mode(me, Mode.PAPER, NOON),
    "connections.of": lambda m, me, ids: m.connections.of(me),
    "connections.set_state": lambda m, me, ids: m.connections.set_state(
        me, ConnectionState.READY, ConnectionState.READY, ""
    ),
    "connections.change_baseline": lambda m, me, ids: m.connections.change_baseline(
        me, "BTC", SPEC.risk_percent
    ),
    "connections.seen": lambda m, me, ids: m.connections.seen(me, NOON),
    "connections.disconnect": lambda m, me, ids: m.connections.disconnect(me),
    "findings.get": lambda m, me, ids: m.findings.get(me, ids["finding"]),
    "findings.open": lambda m, me, ids: m.findings.open(me),
    "findings.of": lambda m, me, ids: m.findings.of(me, list(FindingState)),
    "decisions.get": lambda m, me, ids: m.decisions.get(me, ids["decision"]),
    "decisions.recent": lambda m, me, ids: m.decisions.recent(me, ids["strategy"], 10),
    "proposals.get": lambda m, me, ids: m.proposals.get(me, ids["proposal"]),
    "proposals.of": lambda m, me, ids: m.proposals.of(me),
    "positions.get": lambda m, me, ids: m.positions.get(me, ids["position"]),
    "positions.of": lambda m, me, ids: m.positions.of(me),
    "accounts.open": lambda m, me, ids: m.accounts.open(
        me, ids["strategy"], Mode.PAPER, SPEC.risk_percent, NOON
    ),
    "accounts.allot": lambda m, me, ids: m.accounts.allot(me, ids["account"], Decimal(500)),
    "accounts.reset_peak": lambda m, me, ids: m.accounts.reset_peak(me, ids["account"]),
    "accounts.of": lambda m, me, ids: m.accounts.of(me),
    "model_calls.get": lambda m, me, ids: m.model_calls.get(me, ids["call"]),
    "model_calls.of": lambda m, me, ids: m.model_calls.of(me, NOON),
    "audit.recent": lambda m, me, ids: m.audit.recent(me, 10),
    "channels.end": lambda m, me, ids: m.channels.end(me, ids["publication"], NOON),
    "channels.publication": lambda m, me, ids: m.channels.publication(me, ids["publication"]),
    "channels.publications": lambda m, me, ids: m.channels.publications(me),
    "channels.publish": lambda m, me, ids: m.channels.publish(
        me, ids["channel"], ids["strategy"], me, THERE, Moment.PROPOSAL, NOON
    ),
    "heard.get": lambda m, me, ids: m.heard.get(me, ids["heard"]),
    "heard.find": lambda m, me, ids: m.heard.find(me, "pasted", "u1"),
    "heard.recent": lambda m, me, ids: m.heard.recent(me, 10),
    "heard.of_proposal": lambda m, me, ids: m.heard.of_proposal(me, ids["proposal"]),
    "heard.unlisten": lambda m, me, ids: m.heard.unlisten(me, GROUP, NOON),
    "heard.listens": lambda m, me, ids: m.heard.listens(me),
    "hooks.get": lambda m, me, ids: m.hooks.get(me, 1),
    "hooks.of": lambda m, me, ids: m.hooks.of(me),
    "hooks.rotate": lambda m, me, ids: m.hooks.rotate(me, 1, "b" * 64, NOON),
    "hooks.end": lambda m, me, ids: m.hooks.end(me, 1, NOON),
    "shares.of": lambda m, me, ids: m.shares.of(me),
    "shares.of_strategy": lambda m, me, ids: m.shares.of_strategy(me, ids["strategy"]),
    "shares.end": lambda m, me, ids: m.shares.end(me, ids["strategy"], NOON),
}
ADDS_OWN = {"strategies.draft", "desks.open", "hooks.add", "audit.record"}


def _methods_with_owner() -> set[str]:
    return {
        f"{name}.{method}"
        for name, protocol in REPOSITORIES.items()
        for method, function in inspect.getmembers(protocol, inspect.isfunction)
        if "owner_id" in inspect.signature(function).parameters
    }


def test_no_method_with_an_owner_is_forgotten() -> None:
    assert _methods_with_owner() - ADDS_OWN == FOREIGN_CALLS.keys()


async def _everything_of(memory: Memory, user: User) -> dict[str, int]:
    strategy = await a_strategy(memory, user.id)
    decision = await a_decision(memory, strategy)
    position = await a_position(memory, strategy)
    proposal = await memory.proposals.by_id(position.proposal_id)
    account = await memory.accounts.get(position.account_id)
    await memory.orders.add(intent_of(proposal, account, venue_id="v1"))
    await memory.connections.connect(connection_of(user.id))
    finding = await memory.findings.note(finding_of(user.id))
    assert finding is not None
    call = await memory.model_calls.add(replace(CALL, owner_id=user.id))
    await memory.audit.record(user.id, "telegram:1", "approve", {})
    heard = await memory.heard.add(heard_of(user.id, proposal_id=position.proposal_id))
    assert heard is not None
    await memory.shares.add(Share("plum", user.id, strategy.id, 1, "Dips", SPEC, NOON))
    await memory.hooks.add(user.id, "TradingView", "a" * 64, NOON)
    await memory.heard.listen(Listen(user.id, GROUP, "Calls", user.id, NOON))
    channel = await memory.channels.open(GROUP, "Signals", user.id, 0, NOON)
    publication = await memory.channels.publish(
        user.id, channel.id, strategy.id, user.id, THERE, Moment.PROPOSAL, NOON
    )
    return {
        "channel": channel.id,
        "account": account.id,
        "finding": finding.id,
        "publication": publication.id,
        "heard": heard.id,
        "strategy": strategy.id,
        "decision": decision.id,
        "proposal": position.proposal_id,
        "position": position.id,
        "call": call.id,
    }


async def _as_it_is(memory: Memory, user: User, ids: dict[str, int]) -> tuple[Any, ...]:
    return (
        await memory.strategies.get(user.id, ids["strategy"]),
        await memory.connections.of(user.id),
        await memory.findings.get(user.id, ids["finding"]),
    )


@pytest.mark.parametrize("method", sorted(FOREIGN_CALLS))
async def test_another_owner_gets_nothing(
    memory: Memory, ann: User, bob: User, method: str
) -> None:
    ids = await _everything_of(memory, ann)
    before = await _as_it_is(memory, ann, ids)
    try:
        answer = await FOREIGN_CALLS[method](memory, bob.id, ids)
    except NotFound:
        answer = None
    assert not answer
    assert await _as_it_is(memory, ann, ids) == before


@pytest.mark.parametrize("number", [0, -1, 2**31, 2**63, 10**40])
async def test_forged_numbers_are_numbers_of_nothing(
    memory: Memory, ann: User, number: int
) -> None:
    for repository in (
        memory.strategies,
        memory.decisions,
        memory.proposals,
        memory.positions,
        memory.model_calls,
    ):
        with pytest.raises(NotFound):
            await repository.get(ann.id, number)
    with pytest.raises(NotFound):
        await memory.strategies.move(ann.id, number, StrategyState.PAUSED, NOON)


@pytest.mark.parametrize("method", sorted(FOREIGN_CALLS))
async def test_the_owner_gets_it(memory: Memory, ann: User, method: str) -> None:
    ids = await _everything_of(memory, ann)
    answer = await FOREIGN_CALLS[method](memory, ann.id, ids)
    assert answer or answer is None
