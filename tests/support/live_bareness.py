"""How long a position lay without its stop, while the exchange answered and the desk ran.

"No longer than one round trip after the exchange answers again" is counted in the exchange's own
ledger, which knows of every moment what was open and what stops covered of it. A spell counts from
the moment on at which both sides are there: no fault is under way, and a desk that was killed has
had its first answer since. Nothing else is excused.

From there on the desk may ask what became of its orders, for it can't place what it does not know
of; then it acts, in steps: requests that do not wait for each other (all that is cancelled, all
that is placed) are one. One step may be answered before the step that covers everything: the entry
itself, or cancelling where the exchange locks the coins of an order. So what is bare is bare from
the arrival of the one to the arrival of the next, a round trip. That each of them is sent at once
is shown in tests of the guards; that no spell is still going on is among the checks of the books,
and that none lasts until the desk's look of the minute by the patience of the rounds.
"""

from dataclasses import dataclass, field
from itertools import groupby

from tests.support.live_crew import KEY, LiveCrew
from tests.support.venue.cover import Bare
from tests.support.venue.faults import Op
from tests.support.venue.records import What

_ACTS = frozenset({Op.ORDER, Op.STOP, Op.CHANGE, Op.CANCEL})
MOST = 1
"""Steps before the one that covers."""


@dataclass
class Spells:
    """`excused` are the numbers of the ledger between which the exchange was not itself, or
    nobody ran."""

    crew: LiveCrew
    excused: list[tuple[int, int]] = field(default_factory=list)
    seen: list[str] = field(default_factory=list)
    _judged: int = 0
    _killed_at: int | None = None

    def killed(self) -> None:
        self._killed_at = self.crew.engine.ledger.seq

    def excuse(self, since: int) -> None:
        """The exchange was not itself since then, and is again."""
        self.excused.append((since, self.crew.engine.ledger.seq))

    @property
    def runs(self) -> bool:
        """Whether a desk that was killed has had an answer of its exchange since."""
        self._heard()
        return self._killed_at is None

    def _heard(self) -> None:
        """A killed desk lives again from its first word with the exchange on."""
        if self._killed_at is None:
            return
        for event in self.crew.engine.events[self._killed_at :]:
            if event.what is What.ANSWERED and event.account == KEY:
                self.excused.append((self._killed_at, event.seq))
                self._killed_at = None
                return

    def too_long(self) -> list[str]:
        self._heard()
        found = []
        for bare in self.crew.engine.bareness(KEY):
            if bare.until_seq is None or bare.until_seq <= self._judged:
                continue
            told = self._trips(bare)
            if told:
                words = ", ".join(f"{op.value} {what}" for op, what in told)
                self.seen.append(f"{self.crew.engine.ledger.seq} {words}")
                acts = [op for op, _ in told if op in _ACTS]
                kinds = groupby(op is Op.CANCEL for op in acts)
                steps = [kind for kind, _ in kinds][:-1]  # the last one ended it
                if len(steps) > MOST:
                    found.append(f"{bare.symbol} was bare for {len(told)} answers: {words}")
        self._judged = self.crew.engine.ledger.seq
        return found

    def _trips(self, bare: Bare) -> list[tuple[Op, str]]:
        """The requests about its orders that were answered while it was bare."""
        begin, until = bare.since_seq, bare.until_seq or 0
        for since, end in sorted(self.excused):
            if since <= until and end > begin and since <= begin:
                begin = end
        for since, end in sorted(self.excused, reverse=True):
            if begin < since <= until:
                begin = max(begin, end)
        return [
            (one.op, f"{one.method} {one.path.rpartition('/')[2]}")
            for one in self.crew.venue.asked
            if begin <= one.seq < until and one.status and one.params.get("symbol") == bare.symbol
        ]
