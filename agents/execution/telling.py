"""Notices that several services give: which card a message answers, which card changed."""

from agents.domain.order import OrderIntent
from agents.domain.position import Position
from agents.domain.proposal import Proposal
from agents.domain.user import Notice, NoticeKind


def card_of(proposal_id: int | None) -> str:
    """The name of a proposal's card; empty where there is none."""
    return f"proposal:{proposal_id}" if proposal_id else ""


def card_changed(proposal: Proposal, why: str) -> Notice:
    """Redraw every card of `proposal`, which already carries its new state and version."""
    return Notice(
        owner_id=proposal.owner_id,
        kind=NoticeKind.PROPOSAL_CHANGED,
        key=f"{card_of(proposal.id)}:v{proposal.version}:{why}",
        facts={"proposal_id": proposal.id, "version": proposal.version},
        card=card_of(proposal.id),
    )


def card_anew(proposal: Proposal) -> Notice:
    """Show the card of `proposal` again at the end of the conversation, as something new to be
    decided; the one before loses its buttons."""
    return Notice(
        owner_id=proposal.owner_id,
        kind=NoticeKind.PROPOSAL,
        key=f"{card_of(proposal.id)}:v{proposal.version}",
        facts={"proposal_id": proposal.id, "version": proposal.version},
        card=card_of(proposal.id),
    )


def position_card(position_id: int) -> str:
    """The name of the message that tells a position's entry and carries its buttons."""
    return f"position:{position_id}"


def position_closed(position: Position) -> Notice:
    """The entry's message loses its buttons; nothing is said where it was not told."""
    return Notice(
        owner_id=position.owner_id,
        kind=NoticeKind.POSITION_CHANGED,
        key=f"{position_card(position.id)}:closed",
        facts={"position_id": position.id, "only_edits": True},
        card=position_card(position.id),
    )


def order_failed(intent: OrderIntent, reason: str) -> Notice:
    return Notice(
        owner_id=intent.owner_id,
        kind=NoticeKind.ORDER_FAILED,
        key=f"failed:{intent.client_id}",
        facts={
            "intent_id": intent.id,
            "position_id": intent.position_id,
            "proposal_id": intent.proposal_id,
            "reason": reason,
        },
        replies_to=card_of(intent.proposal_id),
    )


def strategy_paused(owner_id: int, strategy_id: int, reason: str, key: str) -> Notice:
    return Notice(
        owner_id=owner_id,
        kind=NoticeKind.STRATEGY_PAUSED,
        key=f"paused:strategy:{strategy_id}:{key}",
        facts={"strategy_id": strategy_id, "reason": reason},
    )
