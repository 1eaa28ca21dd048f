"""Groups and channels as handlers ask for them, set by a test."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from agents.domain.user import Identity, Membership, Place, Standing


@dataclass
class Town:
    """Satisfies `handlers.desk.People`. Whoever is not in `known` is a member of the group and may
    post there; what is in `faults` is raised."""

    known: dict[tuple[Place, Identity], Standing] = field(default_factory=dict)
    names: dict[str, Place] = field(default_factory=dict)
    faults: dict[Place, Exception] = field(default_factory=dict)
    refused: dict[str, Exception] = field(default_factory=dict)  # by the name that is looked for
    links: bool = False

    def platforms(self) -> Sequence[str]:
        return ["chatter"]

    async def standing(self, place: Place, person: Identity) -> Standing:
        if place in self.faults:
            raise self.faults[place]
        member = Standing(place.chat, "group", True, Membership.MEMBER, True)
        return self.known.get((place, person), member)

    async def find_place(self, platform: str, said: str) -> Place | None:
        if said in self.refused:
            raise self.refused[said]
        return self.names.get(said)

    def start_link(self, platform: str, words: str) -> str:
        return f"https://chat.example/?start={words}" if self.links else ""
