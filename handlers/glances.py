"""What can be said of an update at once, with its acknowledgement: reads, and changes nothing."""

from handlers.chat import Glance, Incoming
from handlers.desk import Desk


async def glance(desk: Desk, incoming: Incoming) -> Glance:
    """What the sender may be told before the update is handled."""
    return Glance()
