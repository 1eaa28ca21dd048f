"""How fast a platform may be written to: its stated limits, and the pauses that it asks for."""

from collections import defaultdict, deque
from collections.abc import Callable, Sequence

from agents.domain.user import Place
from handlers.chat import Pace

_DISTRESS = 3  # places that fail in a row before the whole platform is given a rest
_LONGEST_REST = 10.0


class Pacing:
    """One platform's limits. Times are seconds of a clock that only runs forward."""

    def __init__(self, elapsed: Callable[[], float]) -> None:
        self._elapsed = elapsed
        self._sent: defaultdict[str, deque[float]] = defaultdict(deque)
        self._held: dict[Place, float] = {}
        self._rest_until = 0.0
        self._failing: dict[Place, None] = {}

    def rest(self) -> float:
        """Seconds for which the whole platform is left alone."""
        return max(0.0, self._rest_until - self._elapsed())

    def wait(self, place: Place, paces: Sequence[Pace]) -> float:
        """Seconds until one more message may go to `place`; 0 when it may go now."""
        now = self._elapsed()
        times = [self._rest_until, self._held.get(place, 0.0)]
        times += [self._free_at(pace, now) for pace in paces]
        return max(0.0, *(time - now for time in times))

    def _free_at(self, pace: Pace, now: float) -> float:
        sent = self._sent[pace.name]
        while sent and sent[0] + pace.seconds <= now:
            sent.popleft()
        if not sent:
            del self._sent[pace.name]  # a chat that is quiet takes no memory
        return sent[-pace.count] + pace.seconds if len(sent) >= pace.count else 0.0

    def count(self, paces: Sequence[Pace]) -> None:
        """A message goes out now."""
        for pace in paces:
            self._sent[pace.name].append(self._elapsed())

    def asked_to_wait(self, place: Place, seconds: float) -> None:
        """The platform refused `place` for a while. One flooded chat holds only itself; a second
        one within the time means that the platform speaks of all."""
        now = self._elapsed()
        self._held = {held: until for held, until in self._held.items() if until > now}
        if any(held != place for held in self._held):
            self._rest_until = max(self._rest_until, now + seconds)
        self._held[place] = now + seconds

    def failed(self, place: Place) -> None:
        """No answer. When several places have none, the platform is down: ask it now and then,
        not once for each message that waits."""
        self._failing[place] = None
        over = len(self._failing) - _DISTRESS
        if over >= 0:
            rest = min(_LONGEST_REST, 0.5 * 2.0 ** min(over, 10))
            self._rest_until = max(self._rest_until, self._elapsed() + rest)

    def worked(self) -> None:
        self._failing.clear()
