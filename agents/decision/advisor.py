"""What the advisor is told: the standing instructions, and one question as quoted data."""

import json
from functools import cache
from importlib import resources
from typing import Any

from agents.domain.decision import Question


@cache
def instructions() -> str:
    """The standing instructions; the same bytes each time, so that a provider can cache them."""
    return resources.files("agents.decision").joinpath("prompts/advisor.md").read_text("utf-8")


def quoted(facts: dict[str, Any]) -> str:
    """`facts` as JSON inside <data> tags; a closing tag inside the data can't end the quotation."""
    body = json.dumps(facts, ensure_ascii=False, indent=1, default=str)
    return f"<data>\n{body.replace('<', chr(92) + 'u003c')}\n</data>"


def ask(question: Question) -> str:
    """The question as the user message of one call."""
    allowed = question.side.value if question.side else "long or short"
    facts = {
        "symbol": question.symbol,
        "timeframe": question.timeframe,
        "candle_closed": question.closed.isoformat(),
        "allowed_side": allowed,
        "price": str(question.price),
        "planned_stop": str(question.stop) if question.stop is not None else None,
        "planned_targets": [str(target) for target in question.targets],
        "rules": question.rules,
        "values": dict(question.values),
        "last_candles_open_high_low_close_volume": [list(row) for row in question.candles],
        "users_notes": question.guidance,
    }
    return f"Allowed side: {allowed}. Is this trade worth proposing?\n{quoted(facts)}"
