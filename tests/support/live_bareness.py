"""How long a position lay without its stop, while the exchange answered and the desk ran."""

from dataclasses import dataclass, field
from itertools import groupby

from tests.support.live_crew import KEY, LiveCrew
from tests.support.venue.cover import Bare
from tests.support.venue.faults import Op
from tests.support.venue.records import What

_ACTS = frozenset({Op.ORDER, Op.STOP, Op.CHANGE, Op.CANCEL})
MOST = 1


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
                acts = [one for one in told if one[0] in _ACTS][:-1]  # the last one ended it
                kinds = [op for op, _ in groupby(op for op, _ in acts)]
                if len(kinds) > MOST:
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
