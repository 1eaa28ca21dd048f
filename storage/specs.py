"""Strategy specs as stored text, parsed once."""

from functools import lru_cache

from agents.domain.strategy import StrategySpec

KEPT = 20_000  # parsed specs in memory; an active strategy's is asked for at each candle


def printed(spec: StrategySpec) -> str:
    """JSON text that `parsed` reads back; defaults are written out, since they may change."""
    return spec.model_dump_json(by_alias=True)


@lru_cache(maxsize=KEPT)
def parsed(text: str) -> StrategySpec:
    """The spec of a stored text; strategies that say the same share one object."""
    return StrategySpec.model_validate_json(text)
