"""Stops at rest that the price has passed by far: being filled, or to be given up."""

from enum import Enum, auto

from agents.domain.order import OrderKind
from agents.execution.guards.scenes import Scene

_BEING_FILLED = 5  # looks at a stop that has filled a part


class Late(Enum):
    OVER = auto()  # nothing of it rests any more
    BEING_FILLED = auto()
    STUCK = auto()


class Lateness:
    """Which positions have such a stop: until it rests no more, or they are closed."""

    def __init__(self) -> None:
        self._looks: dict[int, int] = {}

    def __contains__(self, position_id: int) -> bool:
        return position_id in self._looks

    def note(self, position_id: int) -> None:
        self._looks.setdefault(position_id, 0)

    def forget(self, position_id: int) -> None:
        self._looks.pop(position_id, None)

    def of(self, scene: Scene) -> Late:
        """What the stop of such a position is, once it was looked up."""
        number = scene.position.id
        stops = [item for item in scene.resting if item.kind is OrderKind.STOP]
        if not stops:
            self.forget(number)
            return Late.OVER
        if any(item.filled for item in stops) and self._looks[number] < _BEING_FILLED:
            self._looks[number] += 1
            return Late.BEING_FILLED
        return Late.STUCK
