"""What the advisor is told: the standing instructions, and one question as quoted data."""

import json
from functools import cache
from importlib import resources
from typing import Any

from agents.domain.decision import Question


@cache
def instructions(*, of_signal: bool = False) -> str:
    """The standing instructions, for a trade of the strategy's own or for a signal that somebody
    posted; the same bytes each time, so that a provider can cache them."""
    name = "signal" if of_signal else "advisor"
    return resources.files("agents.decision").joinpath(f"prompts/{name}.md").read_text("utf-8")


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
    asked = "Is this trade worth proposing?"
    if question.signal is not None:
        facts["posted_signal"] = question.signal.text
        facts["posted_in"] = question.signal.source
        facts["pillar_scores_0_to_100"] = dict(question.signal.scores)
        asked = "Is the posted signal worth proposing?"
    return f"Allowed side: {allowed}. {asked}\n{quoted(facts)}"
