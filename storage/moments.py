"""The newest market time that anything stored was stamped with."""

from datetime import UTC, datetime

from storage.columns import from_micros
from storage.notes import Notes

MARKET_CLOCK = "market_clock"

_NEWEST = """
SELECT MAX(at) AS at FROM (
    SELECT MAX(at) AS at FROM fills
    UNION ALL SELECT MAX(closed) FROM decisions
    UNION ALL SELECT MAX(opened_at) FROM positions
    UNION ALL SELECT MAX(closed_at) FROM positions
) AS stamps
"""


async def newest_market_time(notes: Notes) -> datetime | None:
    """Of fills, decisions and positions, and the note `market_clock` (ISO text)."""
    rows = await notes.fetch(_NEWEST)
    stamps = [from_micros(row["at"]) for row in rows if row["at"] is not None]
    noted = await notes.read(MARKET_CLOCK)
    if isinstance(noted, str):
        stamps.append(datetime.fromisoformat(noted).astimezone(UTC))
    return max(stamps, default=None)
