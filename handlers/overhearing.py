"""What is said in a group and not to the bot."""

from handlers.chat import Incoming
from handlers.desk import Desk
from handlers.turn import Answer


async def overhear(desk: Desk, incoming: Incoming) -> Answer:
    """Nothing is answered that was not meant for the bot."""
    return ()
