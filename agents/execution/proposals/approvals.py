"""The seam between a card and an order: exactly one outcome for each proposal.

    PENDING --tap--> APPROVED --price and risk--> ORDERED + intent, in one transaction --> sent
                        |
                        +-- the price moved: PENDING again, version + 1, new numbers
                        +-- a limit: REFUSED         +-- no price: PENDING, unchanged

Every arrow is a compare-and-set, so that of two taps, two approvers or two processes one wins.
Between any two of them the process may die: `resume_approved` goes on from APPROVED, and
`Orders.recover` from ORDERED.
"""

import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from agents.domain.desks import Ballot
from agents.domain.errors import LimitBreach, Moved, NotFound
from agents.domain.order import FAILED, OrderIntent
from agents.domain.ports import Clock, Market, Memory
from agents.domain.proposal import Plan, Proposal, ProposalState, VetoReason
from agents.domain.risk import TapRules
from agents.domain.trail import ids
from agents.execution.bounds.pausing import pause_after
from agents.execution.checkpoints import Checkpoint, passed
from agents.execution.ordering.entries import store_entry
from agents.execution.ordering.orders import Orders
from agents.execution.proposals.countdown import again, asking
from agents.execution.proposals.editing import halved, tightened
from agents.execution.proposals.judging import Fits, Judge, LimitRefuses, NewNumbers, NoPrice
from agents.execution.proposals.outcomes import Outcome, Verdict
from agents.execution.proposals.voting import Uncounted, Voting, Waits, note_outcome, person
from agents.execution.telling import card_anew, card_changed

log = logging.getLogger(__name__)
S = ProposalState


class Approvals:
    def __init__(
        self,
        memory: Memory,
        market: Market,
        clock: Clock,
        judge: Judge,
        orders: Orders,
        rules: TapRules,
        *,
        passed: Checkpoint = passed,
    ) -> None:
        self._memory = memory
        self._market = market
        self._clock = clock
        self._judge = judge
        self._orders = orders
        self._rules = rules
        self._passed = passed
        self._voting = Voting(memory, clock, passed)

    # --- taps ---------------------------------------------------------------------------------

    async def approve(
        self,
        user_id: int,
        proposal_id: int,
        version: int,
        tapped_at: datetime,
        by: int | None = None,
    ) -> Outcome:
        """`tapped_at` is human time: when the tap was made, not when it was read. `by` is the
        person, where the account is a desk's; this goes for all taps."""
        proposal = await self._open(user_id, proposal_id, version)
        if isinstance(proposal, Outcome):
            return proposal
        if self._clock.wall() - tapped_at > timedelta(seconds=self._rules.stale_seconds):
            return Outcome(Verdict.TOO_OLD, proposal, "the tap is too old to trade on")
        return await self._vote(proposal, Ballot.APPROVE, person(user_id, by))

    async def veto(
        self,
        user_id: int,
        proposal_id: int,
        version: int,
        reason: VetoReason | None = None,
        by: int | None = None,
    ) -> Outcome:
        proposal = await self._open(user_id, proposal_id, version)
        if isinstance(proposal, Outcome):
            return proposal
        return await self._vote(proposal, Ballot.VETO, person(user_id, by), reason)

    async def next_candle(
        self, user_id: int, proposal_id: int, version: int, by: int | None = None
    ) -> Outcome:
        """Not now: it ends, and the next candle is proposed again if the rules still pass."""
        proposal = await self._editable(user_id, proposal_id, version, by)
        if isinstance(proposal, Outcome):
            return proposal
        if why := await self._voting.needs_others(user_id):
            return Outcome(Verdict.REFUSED, proposal, why, "votes")
        marks = {"resolved_by": person(user_id, by), "resolved_at": self._clock.wall()}
        why = "waits for the next candle"
        ended = await self._end(proposal, S.CANCELLED, outcome=why, **marks)
        if ended is None:
            return await self._truth(user_id, proposal_id, version)
        return Outcome(Verdict.DONE, ended)

    async def veto_reason(
        self, user_id: int, proposal_id: int, reason: VetoReason, by: int | None = None
    ) -> Outcome:
        """Add the reason to a veto that was given; the last one counts."""
        proposal = await self._mine(user_id, proposal_id)
        if proposal is None:
            return Outcome(Verdict.NOT_FOUND)
        if not await self._voting.may(user_id, person(user_id, by)):
            return Outcome(Verdict.NO_RIGHT, proposal)
        if proposal.state is not S.VETOED:
            return Outcome(Verdict.ALREADY, proposal)
        await self._memory.proposals.move(proposal, S.VETOED, veto_reason=reason)
        return Outcome(Verdict.DONE, replace(proposal, veto_reason=reason))

    async def halve(
        self, user_id: int, proposal_id: int, version: int, by: int | None = None
    ) -> Outcome:
        """Half the size, as a new version."""
        proposal = await self._editable(user_id, proposal_id, version, by)
        if isinstance(proposal, Outcome):
            return proposal
        plan = await halved(self._market, proposal)
        return plan if isinstance(plan, Outcome) else await self._edit(proposal, plan, "half size")

    async def tighten(
        self, user_id: int, proposal_id: int, version: int, by: int | None = None
    ) -> Outcome:
        """The stop at half of its distance and the same size, as a new version: half the risk."""
        proposal = await self._editable(user_id, proposal_id, version, by)
        if isinstance(proposal, Outcome):
            return proposal
        plan = await tightened(self._market, proposal)
        if isinstance(plan, Outcome):
            return plan
        return await self._edit(proposal, plan, "tighter stop")

    async def _editable(
        self, user_id: int, proposal_id: int, version: int, by: int | None
    ) -> Proposal | Outcome:
        proposal = await self._open(user_id, proposal_id, version)
        if isinstance(proposal, Outcome) or await self._voting.may(user_id, person(user_id, by)):
            return proposal
        return Outcome(Verdict.NO_RIGHT, proposal)

    async def _vote(
        self, proposal: Proposal, ballot: Ballot, by: int, reason: VetoReason | None = None
    ) -> Outcome:
        marks: dict[str, Any] = {"resolved_by": by, "resolved_at": self._clock.wall()}
        approved = replace(proposal, state=S.APPROVED, **marks)

        async def approve() -> Proposal | None:
            moved = await self._memory.proposals.move(proposal, S.APPROVED, **marks)
            return approved if moved else None

        async def veto() -> Proposal | None:
            return await self._end(
                proposal, S.VETOED, outcome="vetoed", veto_reason=reason, **marks
            )

        decide = {Ballot.APPROVE: approve, Ballot.VETO: veto}
        counted = await self._voting.vote(proposal, ballot, by, decide)
        if counted is approved:
            self._passed("approval.marked")
            return await self._carry_on(approved)
        if isinstance(counted, Proposal):
            return Outcome(Verdict.DONE, counted)
        if isinstance(counted, Waits):
            return Outcome(Verdict.VOTED, proposal)
        if counted is Uncounted.NO_RIGHT:
            return Outcome(Verdict.NO_RIGHT, proposal)
        return await self._truth(proposal.owner_id, proposal.id, proposal.version)

    # --- what happens by itself ---------------------------------------------------------------

    async def go_on(self, approved: Proposal) -> Outcome:
        """From an APPROVED that no tap made: price and risk, and the order."""
        return await self._carry_on(approved)

    async def ask_instead(self, proposal: Proposal, why: str) -> Outcome:
        """A person is asked about what was to run by itself; `why` stands on the card."""
        return await self._ask_again(proposal, proposal.plan, why)

    async def expire_due(self) -> int:
        """Ends every proposal whose time is over; how many that were."""
        due = await self._memory.proposals.expired(self._clock.wall())
        return sum([await self._expire(proposal) is not None for proposal in due])

    async def resume_approved(self) -> int:
        """Go on with approvals that a killed process left; asks again for those too old.

        Harmless beside approvals that are under way: each step is a compare-and-set.
        """
        left = await self._memory.proposals.in_state(S.APPROVED)
        for proposal in left:
            try:
                await self._resume(proposal)
            except Exception:
                log.exception("A proposal could not go on; again in a minute.", extra=ids(proposal))
        return len(left)

    async def _resume(self, proposal: Proposal) -> None:
        if self._judge.too_old(proposal):
            await self.ask_anew(proposal, "it was approved and then not sent in time")
        else:
            await self._carry_on(proposal, waits_for_price=True)

    async def recount(self, account_id: int) -> None:
        """After a change of rule or roles: what has vetoes enough ends. Nothing is approved."""
        for proposal in await self._memory.proposals.of(account_id, (S.PENDING,)):
            if by := await self._voting.vetoed_by(proposal):
                marks = {"resolved_by": by, "resolved_at": self._clock.wall()}
                await self._end(proposal, S.VETOED, outcome="vetoed", **marks)

    async def cancel_for(self, owner_id: int, strategy_id: int, reason: str) -> int:
        """Ends what waits of one strategy, when it is paused or archived."""
        waiting = await self._memory.proposals.of_strategy(strategy_id, (S.PENDING, S.APPROVED))
        mine = [proposal for proposal in waiting if proposal.owner_id == owner_id]
        return len(await self.cancel(mine, reason))

    async def cancel(self, proposals: Sequence[Proposal], reason: str) -> list[Proposal]:
        """Those of them that had no other outcome by now, cancelled."""
        ended = [await self._end(item, S.CANCELLED, outcome=reason) for item in proposals]
        return [proposal for proposal in ended if proposal]

    # --- steps --------------------------------------------------------------------------------

    async def _carry_on(self, approved: Proposal, *, waits_for_price: bool = False) -> Outcome:
        """From APPROVED to whatever price and risk allow."""
        await self._judge.know(approved)
        judgement = await self._judge.judge(approved)
        if isinstance(judgement, NoPrice):
            if not waits_for_price:
                return await self._without_price(approved, judgement)
            return Outcome(Verdict.NO_PRICE, approved, judgement.why)
        if isinstance(judgement, NewNumbers):
            return await self._ask_again(approved, judgement.plan, judgement.why)
        if isinstance(judgement, LimitRefuses):
            return await self._refuse(approved, judgement.breach)
        return await self._order(approved, judgement, soon=waits_for_price or approved.by_itself)

    async def _order(self, approved: Proposal, fits: Fits, *, soon: bool) -> Outcome:
        """`soon`: nobody waits for the answer, and others wait for their turn."""
        try:
            intent = await self._store_order(approved, fits.account_id)
        except Moved:
            return await self._truth(approved.owner_id, approved.id, approved.version)
        self._passed("approval.ordered")
        log.info("Approved, and ordered.", extra=ids(approved, intent))
        if soon:
            self._orders.send_soon(intent)
            return Outcome(Verdict.DONE, replace(approved, state=S.ORDERED))
        sent = await self._orders.send(intent)
        proposal = await self._memory.proposals.by_id(approved.id)
        if sent.state in FAILED and not sent.filled:
            return Outcome(Verdict.REFUSED, proposal, sent.error)
        return Outcome(Verdict.DONE, proposal)

    async def _store_order(self, approved: Proposal, account_id: int) -> OrderIntent:
        """Raises Moved when another had it first."""
        async with self._memory.transactions.transaction():
            if not await self._memory.proposals.move(approved, S.ORDERED):
                raise Moved
            self._passed("approval.ordering")
            intent = await store_entry(self._memory, approved, account_id, self._clock.now())
            ordered = replace(approved, state=S.ORDERED)
            await self._memory.notices.tell(card_changed(ordered, "ordered"))
            await note_outcome(self._memory, ordered, "order")
        return intent

    async def _without_price(self, approved: Proposal, missing: NoPrice) -> Outcome:
        """Nothing is traded blind, and nothing tries again by itself: whoever wanted to veto in
        this moment was told that it was too late."""
        if approved.by_itself:
            return await self._ask_again(approved, approved.plan, missing.why)
        return await self._put_back(approved, missing)

    async def _put_back(self, approved: Proposal, missing: NoPrice) -> Outcome:
        marks: dict[str, Any] = {"resolved_by": None, "resolved_at": None}
        pending = replace(approved, state=S.PENDING, **marks)
        async with self._memory.transactions.transaction():
            if not await self._memory.proposals.move(approved, S.PENDING, **marks):
                return await self._truth(approved.owner_id, approved.id, approved.version)
            await self._voting.put_back(pending)
        return Outcome(Verdict.NO_PRICE, pending, missing.why)

    async def _refuse(self, approved: Proposal, breach: LimitBreach) -> Outcome:
        refused = await self._end(approved, S.REFUSED, outcome=f"{breach.rule}: {breach}")
        if refused is None:
            return await self._truth(approved.owner_id, approved.id, approved.version)
        strategy = await self._memory.strategies.get(approved.owner_id, approved.strategy_id)
        await pause_after(self._memory, self._clock, strategy, breach)
        return Outcome(Verdict.REFUSED, refused, str(breach), breach.rule)

    async def _ask_again(self, approved: Proposal, plan: Plan, why: str) -> Outcome:
        new = replace(
            asking(approved),
            plan=plan,
            state=S.PENDING,
            expires_at=self._clock.wall() + timedelta(seconds=self._rules.expiry_seconds),
            resolved_by=None,
            resolved_at=None,
        )
        unattended = approved.runs_at is not None and approved.resolved_by is None
        asked = await self._revise(approved, new, why, anew=unattended)
        if asked is None:
            return await self._truth(approved.owner_id, approved.id, approved.version)
        return Outcome(Verdict.ASKS_AGAIN, asked, why)

    async def ask_anew(self, approved: Proposal, why: str) -> Outcome:
        """With the numbers of now where there is a price, with the old ones where not."""
        judgement = await self._judge.judge(approved)
        if isinstance(judgement, LimitRefuses):
            return await self._refuse(approved, judgement.breach)
        if isinstance(judgement, NewNumbers):
            return await self._ask_again(approved, judgement.plan, f"{why}; {judgement.why}")
        return await self._ask_again(approved, approved.plan, why)

    async def _edit(self, proposal: Proposal, plan: Plan, what: str) -> Outcome:
        fresh = again(replace(proposal, plan=plan), self._clock.wall(), self._rules)
        edited = await self._revise(proposal, fresh, what)
        if edited is None:
            return await self._truth(proposal.owner_id, proposal.id, proposal.version)
        return Outcome(Verdict.DONE, edited)

    async def _revise(
        self, proposal: Proposal, new: Proposal, why: str, *, anew: bool = False
    ) -> Proposal | None:
        """The next version, with the cards' redraw, or a card `anew` where nobody has tapped;
        None when another was faster."""
        wanted = replace(new, changes=(*proposal.changes, why))
        revised = replace(wanted, version=proposal.version + 1)
        async with self._memory.transactions.transaction():
            if not await self._memory.proposals.revise(proposal, wanted):
                return None
            self._passed("approval.asking")
            await self._memory.notices.tell(card_changed(revised, "pending"))
            if anew:
                await self._memory.notices.tell(card_anew(revised))
        self._passed("approval.asked")
        log.info("A proposal has a new version.", extra=ids(revised) | {"why": why})
        return revised

    async def _end(
        self, proposal: Proposal, state: ProposalState, **changes: Any
    ) -> Proposal | None:
        """The final state, with the cards' redraw; None when another was faster."""
        ended = replace(proposal, state=state, **changes)
        async with self._memory.transactions.transaction():
            if not await self._memory.proposals.move(proposal, state, **changes):
                return None
            self._passed("expiry.moving")
            await self._memory.notices.tell(card_changed(ended, str(state)))
            await note_outcome(self._memory, ended, "outcome")
        self._passed("expiry.moved")
        log.info("A proposal ended.", extra=ids(ended) | {"state": state, "why": ended.outcome})
        return ended

    async def _expire(self, proposal: Proposal) -> Proposal | None:
        over = self._clock.wall()
        return await self._end(proposal, S.EXPIRED, outcome="expired", resolved_at=over)

    # --- what is true -------------------------------------------------------------------------

    async def _mine(self, user_id: int, proposal_id: int) -> Proposal | None:
        try:
            return await self._memory.proposals.get(user_id, proposal_id)
        except NotFound:
            return None

    async def _open(self, user_id: int, proposal_id: int, version: int) -> Proposal | Outcome:
        """The proposal while it waits at this version; what is true instead where not."""
        proposal = await self._mine(user_id, proposal_id)
        if proposal is None:
            return Outcome(Verdict.NOT_FOUND)
        if proposal.state is S.EXPIRED:
            return Outcome(Verdict.EXPIRED, proposal)
        if proposal.state is not S.PENDING:
            return Outcome(Verdict.ALREADY, proposal)
        if proposal.expires_at <= self._clock.wall():
            expired = await self._expire(proposal)
            return Outcome(Verdict.EXPIRED, expired or await self._mine(user_id, proposal_id))
        if proposal.version != version:
            return Outcome(Verdict.STALE_VERSION, proposal)
        return proposal

    async def _truth(self, user_id: int, proposal_id: int, version: int) -> Outcome:
        """What another tap, process or the clock has made of it meanwhile."""
        found = await self._open(user_id, proposal_id, version)
        if isinstance(found, Outcome):
            return found
        return Outcome(Verdict.ALREADY, found, "another tap was being answered; tap again")
