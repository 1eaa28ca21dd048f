"""The parts that keep our book and the exchange accounts one, put together."""

from dataclasses import dataclass

from agents.domain.ports import Clock, Market, Memory
from agents.domain.venue import Venue
from agents.execution.booking.settlement import Settlement
from agents.execution.checkpoints import Checkpoint, passed
from agents.execution.leaving.exitbook import ExitBook
from agents.execution.leaving.hands import Hands
from agents.execution.venues.adopting import Adopting
from agents.execution.venues.catching_up import CatchingUp, Funded, LookUp, no_funding
from agents.execution.venues.funds import KnownFunds
from agents.execution.venues.reconciliation import Looked, Reconciliation, Refused, unheard
from agents.execution.venues.writing_off import WritingOff


@dataclass(frozen=True, slots=True)
class Truth:
    """What is true of exchange accounts, and what is done about it."""

    reconciliation: Reconciliation
    adopting: Adopting
    writing_off: WritingOff
    funds: KnownFunds


def open_truth(
    memory: Memory,
    market: Market,
    clock: Clock,
    venue: Venue,
    settlement: Settlement,
    hands: Hands,
    book: ExitBook,
    look_up: LookUp,
    refused: Refused,
    *,
    funds: KnownFunds | None = None,
    funded: Funded = no_funding,
    looked: Looked = unheard,
    passed: Checkpoint = passed,
) -> Truth:
    funds = funds or KnownFunds(clock)
    catching = CatchingUp(memory, venue, clock, settlement, look_up, funded)
    reconciliation = Reconciliation(
        memory,
        market,
        clock,
        venue,
        catching,
        funds,
        refused=refused,
        looked=looked,
        passed=passed,
    )
    funds.looks = reconciliation.have_seen
    adopting = Adopting(memory, market, clock, venue, hands, book, reconciliation, passed=passed)
    writing_off = WritingOff(memory, market, clock, settlement, catching, adopting, passed=passed)
    return Truth(reconciliation, adopting, writing_off, funds)
