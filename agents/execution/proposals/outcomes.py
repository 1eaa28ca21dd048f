"""What is true after a tap, for handlers to put into words. Only DONE ever trades."""

from dataclasses import dataclass
from enum import StrEnum

from agents.domain.proposal import Proposal


class Verdict(StrEnum):
    DONE = "done"  # what was asked happened; `proposal` is as it is now
    ALREADY = "already"  # it has its outcome: see state, resolved_by, resolved_at, outcome
    EXPIRED = "expired"  # its time is over
    STALE_VERSION = "stale_version"  # the button belongs to an older version than proposal.version
    NOT_FOUND = "not_found"  # no such proposal, or not this user's; `proposal` is None
    ASKS_AGAIN = "asks_again"  # a new version with new numbers waits; `reason` says why
    REFUSED = "refused"  # by the limit `rule`; without one the order did not go through: `reason`
    NO_PRICE = "no_price"  # no price to judge by; the proposal still waits
    VOTED = "voted"  # the vote is stored, and its desk's rule wants more of them
    NO_RIGHT = "no_right"  # whoever tapped may not vote at the desk; nothing was stored
    TOO_OLD = "too_old"  # the tap itself came too late; it has to be made again


@dataclass(frozen=True, slots=True)
class Outcome:
    """`reason` is a sentence without capital and full stop; `rule` names a limit."""

    verdict: Verdict
    proposal: Proposal | None = None
    reason: str = ""
    rule: str = ""

    @property
    def done(self) -> bool:
        return self.verdict is Verdict.DONE
