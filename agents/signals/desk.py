"""Signals that come in: stored first, judged afterwards, and told to their owner.

What is stored can't be lost: a signal left NEW or JUDGING by a kill is judged again, and its
decision, its proposal, the message about it and its own move are one transaction.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal

from agents.decision.sight import Sights
from agents.domain.decision import Decision
from agents.domain.errors import MarketUnavailable, Moved
from agents.domain.heard import Heard, HeardState
from agents.domain.market import Universe
from agents.domain.money import ONE
from agents.domain.ports import Advisor, Clock, Market, Memory
from agents.domain.signal import SignalKind, SignalReading
from agents.domain.user import Notice, NoticeKind, Place
from agents.execution.backlog import Backlog
from agents.execution.checkpoints import Checkpoint, passed
from agents.execution.leaving.hands import HandOutcome, Hands, HandVerdict, StoredClose
from agents.execution.leaving.stops import StopOutcome, StopVerdict
from agents.execution.proposals.proposing import Proposer
from agents.execution.telling import card_of
from agents.signals.judging import Judged, SignalJudge, overtaken
from agents.signals.looking import Looking
from agents.signals.updates import Effect, Offer, offer

log = logging.getLogger(__name__)

AT_ONCE = 50  # signals taken in one look
MOST = 60  # signals of one group or hook within AN_HOUR; what comes beyond is not stored
AN_HOUR = timedelta(hours=1)
HALF = Decimal("0.5")
LONGEST_TEXT = 5_000  # characters
SignalReader = Callable[[str, Universe], SignalReading]
BROKE = "something went wrong here while it was judged; the operator's log says what"


@dataclass(frozen=True, slots=True)
class Applied:
    """What a tap on an offer did. `over` when it was answered before; else one of the outcomes,
    both None where it was ignored."""

    heard: Heard
    over: bool = False
    stop: StopOutcome | None = None
    close: HandOutcome | None = None


class _Stays(Exception):
    """The offer stands: what was asked for is refused at present."""


class SignalDesk:
    """`receive` and `judge` are for handlers and webhooks, `work` for a chore, `apply` for taps."""

    def __init__(
        self,
        memory: Memory,
        market: Market,
        clock: Clock,
        sights: Sights,
        proposer: Proposer,
        hands: Hands,
        read: SignalReader,
        advisor: Advisor | None = None,
        *,
        decided: Callable[[Iterable[Decision]], None] = lambda _: None,
        passed: Checkpoint = passed,
    ) -> None:
        self._memory = memory
        self._market = market
        self._clock = clock
        self._hands = hands
        self._read = read
        self._passed = passed
        looking = Looking(market, clock, sights)
        self._judge = SignalJudge(
            memory, market, clock, looking, proposer, advisor, decided, passed
        )
        self._turns: dict[int, asyncio.Lock] = {}  # by owner: two signals share its limits
        self._soon: Backlog[int] = Backlog(self._work_off)

    # --- coming in ----------------------------------------------------------------------------

    async def read(self, words: str) -> SignalReading:
        """What a text says; NOTHING for what is too long to be a signal."""
        if len(words) > LONGEST_TEXT:
            return SignalReading(kind=SignalKind.NOTHING)
        try:
            universe = await self._market.universe()
        except MarketUnavailable:
            universe = Universe(())
        return await asyncio.to_thread(self._read, words, universe)

    async def receive(
        self,
        owner_id: int,
        source: str,
        key: str,
        reading: SignalReading,
        words: str,
        *,
        answers: str = "",
        place: Place | None = None,
        said_at: datetime | None = None,
    ) -> Heard | None:
        """Stored, and judged soon; None when it is known, or when too many came from there.

        `said_at` is when it was first said, human time; now when it is not given."""
        wall = self._clock.wall()
        wanted = Heard(
            owner_id=owner_id,
            source=source,
            key=key,
            words=words[:LONGEST_TEXT],
            reading=reading,
            said_at=min(said_at or wall, wall),
            market_at=self._clock.now(),
            answers=answers,
            place=place,
        )
        if not wanted.handed_in and await self._flooded(wanted):
            log.warning("Too many signals from one place.", extra={"source": source})
            return None
        stored = await self._memory.heard.add(wanted)
        if stored is not None:
            self._passed("signal.stored")
        if stored is not None and not stored.handed_in:  # its owner's handler judges it itself
            self._soon.put(stored.id)
        return stored

    async def _flooded(self, wanted: Heard) -> bool:
        same = await self._memory.heard.recent(wanted.owner_id, MOST, wanted.source)
        since = self._clock.now() - AN_HOUR
        return sum(one.market_at > since for one in same) >= MOST

    # --- judging ------------------------------------------------------------------------------

    async def work(self) -> None:
        """Judge what waits, and what a killed process had begun."""
        for state in (HeardState.NEW, HeardState.JUDGING):
            for heard in await self._memory.heard.in_state(state, AT_ONCE):
                await self._safely(heard.id)

    async def idle(self) -> None:
        """Return when everything that was received is judged."""
        await self._soon.idle()

    async def _work_off(self, numbers: Sequence[int]) -> None:
        for number in numbers:
            await self._safely(number)

    async def _safely(self, number: int) -> None:
        """A fault of ours about one signal must not keep the others from being judged."""
        try:
            await self.judge(number)
        except MarketUnavailable as fault:
            told = {"heard": number, "why": str(fault)}
            log.warning("A signal waits for the market.", extra=told)
        except Exception:
            log.exception("A signal could not be judged.", extra={"heard": number})

    async def judge(self, number: int, *, answered: bool = False) -> Heard:
        """What became of a signal, judged now where it was not. `answered` leaves the telling to
        the caller, who answers its owner. Raises MarketUnavailable."""
        owner = (await self._memory.heard.by_id(number)).owner_id
        async with self._turns.setdefault(owner, asyncio.Lock()):
            heard = await self._memory.heard.by_id(number)
            if heard.state not in {HeardState.NEW, HeardState.JUDGING}:
                return heard
            if not await self._memory.heard.move(heard, HeardState.JUDGING):
                return await self._memory.heard.by_id(number)
            self._passed("signal.taken")
            return await self._judged(replace(heard, state=HeardState.JUDGING), answered)

    async def _judged(self, heard: Heard, answered: bool) -> Heard:
        try:
            heard = await self._known(heard)
            if heard.reading.kind is SignalKind.UPDATE:
                return await self._offered(heard, answered)
            return await self._decided(heard, await self._judge.judge(heard), answered)
        except MarketUnavailable:
            raise
        except Moved:  # another process was quicker
            return await self._memory.heard.by_id(heard.id)
        except Exception:
            log.exception("A signal could not be judged.", extra={"heard": heard.id})
            return await self._ended(heard, HeardState.FAILED, BROKE, answered)

    async def _known(self, heard: Heard) -> Heard:
        """Read once more where the market was away when it came, and its coin is not known."""
        if heard.reading.symbol is not None or not heard.reading.written:
            return heard
        universe = await self._market.universe()
        again = await asyncio.to_thread(self._read, heard.words, universe)
        same = again.symbol is not None and again.kind is heard.reading.kind
        return replace(heard, reading=again) if same else heard

    async def _decided(self, heard: Heard, found: Judged, answered: bool) -> Heard:
        try:
            return await self._kept(heard, found, answered)
        except Moved as why:
            if found.draft is None:
                raise
            return await self._kept(heard, overtaken(found, why), answered)

    async def _kept(self, heard: Heard, found: Judged, answered: bool) -> Heard:
        async with self._memory.transactions.transaction():
            after = await self._judge.keep(heard, found)
            await self._tell(after, answered)
        self._passed("signal.decided")
        log.info("A signal is judged.", extra=_trail(after))
        return after

    async def _offered(self, heard: Heard, answered: bool) -> Heard:
        made = await offer(self._memory, heard)
        if isinstance(made, Offer):
            offers = made.as_json()
            return await self._ended(heard, HeardState.UPDATE_OFFERED, "", answered, offers)
        return await self._ended(heard, HeardState.DROPPED, made, answered)

    async def _ended(
        self,
        heard: Heard,
        to: HeardState,
        reason: str,
        answered: bool,
        verdict: dict[str, object] | None = None,
    ) -> Heard:
        async with self._memory.transactions.transaction():
            if not await self._memory.heard.move(heard, to, reason=reason, verdict=verdict or {}):
                raise Moved
            self._passed("signal.deciding")
            after = replace(heard, state=to, reason=reason, verdict=verdict or {})
            await self._tell(after, answered)
        self._passed("signal.decided")
        return after

    async def _tell(self, heard: Heard, answered: bool) -> None:
        """To the owner, unless the caller answers, or there is nothing to tell: an update that
        came by itself and asks for nothing that could be done."""
        idle = heard.reading.kind is SignalKind.UPDATE and heard.state is HeardState.DROPPED
        idle = idle and not heard.handed_in and not heard.reason.startswith("proposal")
        if answered or idle:
            return
        notice = Notice(
            owner_id=heard.owner_id,
            kind=NoticeKind.SIGNAL_HEARD,
            key=f"heard:{heard.id}",
            facts={"heard_id": heard.id},
            replies_to=card_of(heard.proposal_id),
        )
        await self._memory.notices.tell(notice)

    # --- what is offered of an update ---------------------------------------------------------

    async def apply(self, owner_id: int, heard_id: int, effect: Effect, by: int) -> Applied:
        """Take an offer: the mark that it is taken, and what it does, are one transaction. Where
        the trade can't be changed at present the offer stands. Raises NotFound."""
        heard = await self._memory.heard.get(owner_id, heard_id)
        if heard.state is not HeardState.UPDATE_OFFERED:
            return Applied(heard, over=True)
        stop, close = StopOutcome(StopVerdict.NOT_FOUND), StoredClose()
        try:
            async with self._memory.transactions.transaction():
                if not await self._taken(heard, effect, by):
                    return Applied(heard, over=True)
                if effect is Effect.STOP:
                    stop = await self._store_stop(heard)
                    _stays(stop.verdict is StopVerdict.REFUSED)
                elif effect is not Effect.IGNORE:
                    close = await self._store_close(heard, effect)
                    refused = close.refused
                    _stays(refused is not None and refused.verdict is HandVerdict.REFUSED)
                self._passed("update.applying")
        except _Stays:
            return _outcome(heard, effect, stop, close.refused)
        self._passed("update.applied")
        if effect is Effect.STOP:
            await self._hands.stops.follow(stop)
        sent = await self._hands.send_close(close) if close.intents or close.refused else None
        return _outcome(heard, effect, stop, sent)

    async def _taken(self, heard: Heard, effect: Effect, by: int) -> bool:
        to = HeardState.IGNORED if effect is Effect.IGNORE else HeardState.APPLIED
        verdict = {**heard.verdict, "effect": effect.value}
        if not await self._memory.heard.move(heard, to, verdict=verdict):
            return False
        facts = {"heard_id": heard.id, "effect": effect.value, **_named(heard)}
        await self._memory.audit.record(heard.owner_id, f"user:{by}", "signal update", facts)
        return True

    async def _store_stop(self, heard: Heard) -> StopOutcome:
        position, stop = heard.verdict["position_id"], Decimal(heard.verdict["stop"])
        why = "as an update of the signal said"
        return await self._hands.stops.store(heard.owner_id, position, stop, why)

    async def _store_close(self, heard: Heard, effect: Effect) -> StoredClose:
        fraction = HALF if effect is Effect.HALF else ONE
        position = heard.verdict["position_id"]
        return await self._hands.store_close(heard.owner_id, position, fraction)


def _stays(refused: bool) -> None:
    if refused:
        raise _Stays


def _named(heard: Heard) -> dict[str, object]:
    return {name: heard.verdict[name] for name in ("position_id", "stop")}


def _outcome(heard: Heard, effect: Effect, stop: StopOutcome, close: HandOutcome | None) -> Applied:
    return Applied(heard, stop=stop if effect is Effect.STOP else None, close=close)


def _trail(heard: Heard) -> dict[str, object]:
    """The ids that a log line about a signal carries: what came of it is found by them."""
    of = {"decision": heard.decision_id, "proposal": heard.proposal_id}
    of |= {"strategy": heard.strategy_id, "owner": heard.owner_id, "heard": heard.id}
    return {name: number for name, number in of.items() if number} | {"state": heard.state}
