"""What is wrong with the machine or with a place, for those who can mend it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from handlers import texts, times
from handlers.chat import Reply, bold


def of_machine(facts: Mapping[str, Any], zone: str, wall: datetime) -> Reply:
    """An error of the machine, for its operator."""
    at = times.moment(datetime.fromisoformat(facts["at"]), zone, wall)
    count = int(facts.get("count", 1))
    often = f", {count} times" if count > 1 else ""
    return texts.said(
        bold("🛠 Something is wrong on the machine"),
        texts.sentence(str(facts["summary"])),
        f"Seen at {at}{often}; the log has the details, /status what works.",
    )


def of_place(facts: Mapping[str, Any]) -> Reply:
    """A group, topic or channel that can't be written to any more, for who set it up."""
    title = str(facts.get("title") or "A place")
    return texts.said(
        bold(f"📭 I can't write in {title} any more."),
        texts.sentence(str(facts["reason"])),
        texts.sentence(str(facts["next"])),
    )
