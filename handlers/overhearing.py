"""What is said in a group and not to the bot: signals where an account listens, nothing else."""

import logging

from agents.domain.grants import Feature
from agents.domain.heard import Listen
from agents.domain.signal import SignalKind
from agents.domain.user import Place
from handlers.chat import Incoming
from handlers.desk import Desk
from handlers.turn import Answer

log = logging.getLogger(__name__)


async def overhear(desk: Desk, incoming: Incoming) -> Answer:
    """Nothing is answered that was not meant for the bot, also when something breaks."""
    if not incoming.text:
        return ()
    try:
        await _listen(desk, incoming, incoming.text)
    except Exception:
        log.exception("A message of a group could not be read.", extra={"key": incoming.key})
    return ()


async def _listen(desk: Desk, incoming: Incoming, words: str) -> None:
    """Store a signal for every account that listens here; it is judged afterwards."""
    if await _is_our_own(desk, incoming):
        return
    listens = [
        listen
        for listen in await desk.memory.heard.listeners(incoming.place)
        if await desk.allows(await desk.memory.users.get(listen.added_by), Feature.FEEDS)
    ]
    if not listens:
        return
    reading = await desk.signals.read(words)
    if reading.kind is SignalKind.NOTHING:
        return
    for listen in listens:
        await desk.signals.receive(
            listen.owner_id,
            _source(listen),
            incoming.message_id or incoming.key,
            reading,
            words,
            answers=incoming.answers,
            place=incoming.place,
            said_at=incoming.written_at or incoming.sent_at,
        )


async def _is_our_own(desk: Desk, incoming: Incoming) -> bool:
    """Posts of a channel of ours that the platform repeats in a group: a signal that came back as
    one could be published again, without end."""
    there = Place(incoming.sender.platform, incoming.sender.account)  # a channel speaks as itself
    return there.chat != incoming.place.chat and await desk.memory.channels.at(there) is not None


def _source(listen: Listen) -> str:
    return str(listen.place)
