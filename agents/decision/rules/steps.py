"""What is done with an open position when a rule passes: `close 50% when rsi(14) > 70`."""

from __future__ import annotations

import re
from decimal import Decimal
from functools import lru_cache

from agents.decision.rules.parse import parse_rule
from agents.domain.errors import RuleError
from agents.domain.strategy import Side, Step

_STEP = re.compile(
    r"\s*(?:(?P<side>long|short)\s*:)?\s*"
    r"(?:close\s+(?P<share>\d+(?:\.\d+)?)\s*%|stop\s+to\s+entry)\s+when\s+(?P<rule>.+)",
    re.IGNORECASE | re.DOTALL,
)
_FORM = "Say it as in “close 50% when rsi(14) > 70” or “stop to entry when rsi(14) > 60”."


@lru_cache(maxsize=20_000)
def parse_step(text: str, timeframe: str | None = None) -> Step:
    """`close 50% when RULE` or `stop to entry when RULE`, for one side with `long:` or `short:`
    before it. Raises RuleError."""
    found = _STEP.fullmatch(text)
    if found is None:
        raise RuleError(_FORM, text, 0)
    try:
        rule = str(parse_rule(found["rule"], timeframe))
    except RuleError as wrong:
        at = found.start("rule") + wrong.position
        raise RuleError(str(wrong), text, at, wrong.word) from None
    share = Decimal(found["share"]) / 100 if found["share"] else None
    if share is not None and not 0 < share < 1:
        message = "More than 0% and less than 100% can be closed; an exit rule closes all."
        raise RuleError(message, text, found.start("share"))
    side = Side(found["side"].lower()) if found["side"] else None
    return Step(when=rule, close=share, side=side)
