"""Where a process may die: a name for every gap between two writes.

Each service is handed a `Checkpoint` and calls it with a point's name. The default does nothing;
the crash tests hand in one that kills the process there. Points that end in `ing` lie inside a
transaction, so that what came before them must be gone after the restart.
"""

from collections.abc import Callable

Checkpoint = Callable[[str], None]

POINTS: tuple[str, ...] = (
    "proposal.storing",  # proposal written, its notice not yet; one transaction
    "proposal.stored",
    "autopilot.marking",  # APPROVED written by itself, the audit not yet; one transaction
    "vote.casting",  # a vote written, not yet counted; one transaction
    "vote.cast",  # it stands, with the outcome that it brought
    "approval.marked",  # APPROVED stands, price and risk not yet looked at
    "approval.asking",  # new version written, its notice not yet; one transaction
    "approval.asked",
    "approval.ordering",  # ORDERED written, the intent not yet; one transaction
    "approval.ordered",  # intent stands as NEW
    "order.sending",  # SENDING stands, the broker not yet asked
    "order.submitted",  # the broker has it, its answer not yet written
    "order.unknown",  # no answer came, and that is written
    "order.failing",  # REJECTED or CANCELLED written, the rest not yet; one transaction
    "order.recorded",
    "fill.booking",  # fill and order written, position not yet; one transaction
    "fill.accounting",  # position written, account not yet; one transaction
    "fill.telling",  # account written, notices not yet; one transaction
    "fill.booked",
    "rest.dropping",  # what can't be sold written off and told, not yet all; one transaction
    "rest.dropped",
    "funding.booking",  # a payment written, position and account not yet; one transaction
    "funding.booked",
    "exit.storing",  # position written as closing, the intent not yet; one transaction
    "exit.stored",  # intent stands as NEW
    "guard.storing",  # resting orders of a group written, not yet all; one transaction
    "guard.stored",  # they stand as SENDING, the broker not yet asked
    "guard.placed",  # the broker has them, its answer not yet written
    "guard.recorded",
    "guard.cancelling",  # one is to be cancelled, the broker not yet asked
    "guard.cancelled",  # the broker cancelled it, which is not yet written
    "exit.released",  # what rested for its quantity is cancelled, the exit stands as NEW
    "stop.moving",  # stop written, its notice not yet; one transaction
    "stop.moved",
    "expiry.moving",  # EXPIRED, VETOED or CANCELLED written, notice not yet; one transaction
    "expiry.moved",
    "look.seen",  # an account was asked and caught up, what differs not yet written
    "adopt.done",  # what was taken over is stored with all that belongs to it
    "missing.stored",  # the order of a close that others made, its fills not yet
    "panic.marking",  # proposals and strategies stopped, not yet all written; one transaction
    "panic.marked",
    "panic.flat",
)


def passed(_: str) -> None:
    """Nothing happens here."""
