"""Edits of a waiting proposal's plan: what a tap on its card may change."""

from dataclasses import replace
from decimal import Decimal

from agents.domain.errors import LimitBreach, MarketUnavailable
from agents.domain.ports import Market
from agents.domain.proposal import Plan, Proposal
from agents.execution.bounds.sizing import check_minimum
from agents.execution.proposals.judging import instrument_of
from agents.execution.proposals.outcomes import Outcome, Verdict

HALF = Decimal("0.5")


async def halved(market: Market, proposal: Proposal) -> Plan | Outcome:
    """Half the size."""
    try:
        instrument = await instrument_of(market, proposal.symbol)
        quantity = instrument.amount(proposal.plan.quantity * HALF)
        check_minimum(quantity, proposal.plan.entry, instrument)
    except MarketUnavailable as fault:
        return Outcome(Verdict.NO_PRICE, proposal, str(fault))
    except LimitBreach as small:
        return Outcome(Verdict.REFUSED, proposal, str(small), small.rule)
    return replace(proposal.plan, quantity=quantity)


async def tightened(market: Market, proposal: Proposal) -> Plan | Outcome:
    """The stop at half of its distance and the same size: half the risk."""
    plan = proposal.plan
    try:
        instrument = await instrument_of(market, proposal.symbol)
    except MarketUnavailable as fault:
        return Outcome(Verdict.NO_PRICE, proposal, str(fault))
    stop = instrument.price(plan.entry - plan.risk_per_unit * HALF * plan.side.sign)
    if stop in (plan.entry, plan.stop):
        return Outcome(Verdict.REFUSED, proposal, "the stop can't be nearer", "price step")
    return replace(plan, stop=stop)
