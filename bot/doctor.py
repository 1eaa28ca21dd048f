"""What works, for `python -m bot doctor`."""

import asyncio

from agents.domain.errors import MarketUnavailable
from agents.domain.ports import Market
from handlers.chat import Platform

TRIES = 20  # seconds for a market to answer


async def look_at_market(market: Market) -> tuple[str, bool, str]:
    await market.start(None)
    for _ in range(TRIES):
        try:
            found = await market.universe()
        except MarketUnavailable:
            await asyncio.sleep(1)
        else:
            return "market", True, f"{market.name} has {len(found.instruments)} instruments"
    return "market", False, market.health().detail


async def look_at_platform(platform: Platform) -> tuple[str, bool, str]:
    """What a platform says of itself; those that can be asked are."""
    check = getattr(platform, "check", None)
    health = await check() if check else platform.health()
    return platform.name, health.connected, health.detail
