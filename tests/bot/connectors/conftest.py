"""Grounds for tests of live trading: one exchange of each kind for all tests of a module."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.support.live_connector import Ground, Live, ground, live


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def spot_ground() -> AsyncIterator[Ground]:
    async with ground("binance") as one:
        yield one


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def perps_ground() -> AsyncIterator[Ground]:
    async with ground("binanceusdm") as one:
        yield one


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def bybit_spot() -> AsyncIterator[Ground]:
    async with ground("bybit") as one:
        yield one


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def bybit_perps() -> AsyncIterator[Ground]:
    async with ground("bybitlinear") as one:
        yield one


@pytest_asyncio.fixture(loop_scope="module")
async def spot(spot_ground: Ground) -> AsyncIterator[Live]:
    async with live(spot_ground) as one:
        yield one


@pytest_asyncio.fixture(loop_scope="module")
async def perps(perps_ground: Ground) -> AsyncIterator[Live]:
    async with live(perps_ground) as one:
        yield one


@pytest_asyncio.fixture(params=["spot", "perps"], loop_scope="module")
async def either(
    request: pytest.FixtureRequest, spot_ground: Ground, perps_ground: Ground
) -> AsyncIterator[Live]:
    async with live(spot_ground if request.param == "spot" else perps_ground) as one:
        yield one
