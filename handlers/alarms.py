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
    """What became of a group, topic or channel, for who set it up."""
    return texts.said(
        bold(str(facts["headline"])),
        texts.sentence(str(facts["reason"])),
        texts.sentence(str(facts["next"])),
    )
