"""From a fill in the log back to its decision."""

import logging
import re

import pytest

from bot.log import SentenceFormatter
from tests.support.broker import ScriptedBroker
from tests.support.desk import World


def lines(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [SentenceFormatter().format(record) for record in caplog.records]


def grep(caplog: pytest.LogCaptureFixture, words: str) -> list[str]:
    found = re.compile(words)
    return [line for line in lines(caplog) if found.search(line)]


async def test_a_trade_can_be_followed_from_its_last_fill_to_its_decision(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    world = World()
    await world.start()
    strategy = await world.strategy(await world.user())
    proposal = await world.propose(strategy)
    await world.approve(proposal)
    for price in ("60010", "61250", "61240"):
        await world.tick(price)

    bought, sold = grep(caplog, r"Fill booked\.")
    for fill in (bought, sold):
        assert f" decision={proposal.decision_id} proposal={proposal.id} position=1 " in fill
    entry, exit_order = world.orders
    assert f"order={entry.client_id} intent={entry.key} trade=" in bought
    assert f"order={exit_order.client_id} intent={exit_order.key} trade=" in sold

    trail = [line.split(" ", 2)[2] for line in grep(caplog, rf"\bproposal={proposal.id}\b")]
    assert [said.partition(".")[0] for said in trail] == [
        "Approved, and ordered",
        "An order goes out",
        "Fill booked",
        "An order goes out",
        "Fill booked",
    ]


async def test_a_veto_and_an_expiry_are_lines_of_their_decision(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    world = World()
    await world.start()
    proposal = await world.propose(await world.strategy(owner := await world.user()))
    await world.desk.approvals.veto(owner, proposal.id, proposal.version)
    [ended] = grep(caplog, rf"\bdecision={proposal.decision_id} proposal={proposal.id}\b")
    assert "A proposal ended." in ended and ended.endswith("state=vetoed why=vetoed")


async def test_an_order_that_fails_says_which_and_why(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    world = World()
    world.broker = ScriptedBroker(world.clock.now)
    world.broker.script.append("reject")
    await world.start()
    proposal = await world.propose(await world.strategy(await world.user()))
    await world.approve(proposal)
    [order] = world.orders
    [failed] = grep(caplog, r"An order ended without its whole fill\.")
    assert f"proposal={proposal.id} " in failed and f"order={order.client_id}" in failed
    assert f'state={order.state} why="{order.error}"' in failed
