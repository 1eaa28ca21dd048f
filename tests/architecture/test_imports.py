"""Imports run downward only, vendors have one home each, and the domain is pure."""

import pytest

from tests.architecture.imports import ROOMS, Import, imports, room_of, violations
from tests.architecture.purity import impurities
from tests.support.sources import PACKAGES, Source, sources

OURS = list(sources(*PACKAGES))


@pytest.mark.parametrize("source", OURS, ids=lambda source: source.module)
def test_imports_run_downward(source: Source) -> None:
    assert violations(source) == []


@pytest.mark.parametrize("source", list(sources("agents/domain")), ids=lambda source: source.module)
def test_the_domain_is_pure(source: Source) -> None:
    assert impurities(source) == []


def test_every_package_was_read() -> None:
    assert {source.module.partition(".")[0] for source in OURS} == set(PACKAGES)


def test_rooms_see_only_rooms_below_them() -> None:
    """`bot` stands for its single files, which app joins and which lie above nothing of bot."""
    order = list(ROOMS)
    for room, seen in ROOMS.items():
        assert all(order.index(other) > order.index(room) for other in seen), room


# The rest proves that the checker sees what it must.


def problems(module: str, text: str) -> list[str]:
    return violations(Source(module, text))


FORBIDDEN = [
    ("handlers.router", "import storage.models"),
    ("handlers.router", "from storage import models"),
    ("handlers.router", "import bot"),
    ("handlers.router", "from bot.settings import Settings"),
    ("storage.orders", "from handlers.chat import Card"),
    ("storage.orders", "import bot.log"),
    ("agents.cycle", "from storage.orders import Orders"),
    ("agents.cycle", "from handlers import texts"),
    ("agents.decision.advisor", "import bot.connectors.claude"),
    ("agents.domain.money", "from agents.extraction import quality"),
    ("agents.domain.money", "from agents import cycle"),
    ("agents.domain.money", "from ..decision import rules"),
    ("agents.extraction.snapshot", "from agents.decision import rules"),
    ("agents.extraction.snapshot", "from agents.execution.brokers.paper import Broker"),
    ("agents.extraction.snapshot", "from agents import reporting"),
    ("bot.platforms.telegram", "from storage.users import Users"),
    ("bot.platforms.telegram", "from bot.platforms.discord import Discord"),
    ("bot.platforms.telegram", "from bot.platforms import browser"),
    ("bot.platforms.telegram", "from . import browser"),
    ("bot.platforms.telegram", "from bot.connectors import exchange"),
    ("bot.platforms.telegram", "from bot.web import serve"),
    ("bot.platforms.telegram", "from bot import app"),
    ("bot.connectors.exchange", "import handlers.chat"),
    ("bot.connectors.exchange", "import storage"),
    ("bot.web", "from bot.platforms.browser import Browser"),
    ("bot.web", "from bot.connectors.vault import Vault"),
    ("bot.web", "from bot.outbox import Outbox"),
    ("bot.scheduler", "import storage.proposals"),
    ("bot.outbox", "from storage.outbox import Rows"),
    ("bot.settings", "import bot.app"),
    ("bot.__main__", "from storage import database"),
    ("bot.__main__", "from agents.cycle import run"),
    ("bot.web", "import telegram"),
    ("bot.app", "import ccxt.async_support"),
    ("bot.connectors.exchange", "from anthropic import AsyncAnthropic"),
    ("bot.platforms.telegram", "import discord"),
    ("handlers.router", "from telegram.ext import Application"),
    ("handlers.router", "import aiohttp"),
    ("bot.app", "from tortoise import Tortoise"),
    ("bot.app", "from apscheduler.schedulers.asyncio import AsyncIOScheduler"),
    ("agents.decision.rules", "import talib"),
    ("agents.reporting.performance", "import pandas_ta_classic as ta"),
    ("handlers.cards", "from matplotlib import pyplot"),
    ("agents.domain.market", "import numpy as np"),
    ("agents.domain.market", "import asyncio"),
    ("agents.domain.market", "from pathlib import Path"),
    ("agents.domain.market", "import socket"),
]

ALLOWED = [
    ("bot.__main__", "from bot.app import run"),
    ("bot.__main__", "from bot import app, settings, log"),
    ("bot.app", "from bot.platforms.telegram import Telegram"),
    ("bot.app", "from bot import connectors, outbox, scheduler, web"),
    ("bot.app", "from storage.orders import Orders\nfrom handlers.router import Router"),
    ("bot.platforms.telegram", "import telegram\nfrom handlers.chat import Card"),
    ("bot.platforms.telegram", "from bot.platforms.telegram_markup import escape"),
    ("bot.platforms.telegram", "from bot.settings import Settings\nimport bot.log"),
    ("bot.platforms.telegram.adapter", "from telegram.ext import Application"),
    ("bot.platforms.browser", "from aiohttp import web"),
    ("bot.connectors.market_replay", "from bot.connectors.exchange import open_exchange"),
    ("bot.connectors.claude", "import anthropic\nfrom agents.domain.ports import Advisor"),
    ("bot.connectors.claude_tools", "import anthropic"),
    ("bot.scheduler", "from apscheduler.triggers.cron import CronTrigger\nimport agents.cycle"),
    ("handlers.router", "from agents.domain.errors import NotFound\nfrom handlers import texts"),
    ("storage.models", "from tortoise import fields\nfrom agents.domain import order"),
    (
        "agents.cycle",
        "from agents.execution.bounds import sizing\nfrom agents.decision import rules",
    ),
    ("agents.decision.rules", "from agents.extraction import catalogue"),
    ("agents.extraction.indicators", "import talib, numpy, pandas_ta_classic"),
    ("agents.reporting.charts", "from matplotlib.figure import Figure"),
    ("agents.domain.market", "from decimal import Decimal\nimport pydantic"),
    ("agents.domain.market", "from agents.domain.money import floor_to"),
    ("agents.domain.market", "from .money import floor_to"),
]


@pytest.mark.parametrize(("module", "text"), FORBIDDEN)
def test_a_forbidden_import_is_seen(module: str, text: str) -> None:
    assert len(problems(module, text)) == 1


@pytest.mark.parametrize(("module", "text"), ALLOWED)
def test_an_allowed_import_is_left_alone(module: str, text: str) -> None:
    assert problems(module, text) == []


@pytest.mark.parametrize(
    "text",
    [
        "def late():\n    import storage\n",
        "if TYPE_CHECKING:\n    import storage\n",
        "try:\n    import storage\nexcept ImportError:\n    storage = None\n",
        "import importlib\nimportlib.import_module('storage')\n",
        "from importlib import import_module\nimport_module('storage')\n",
        "__import__('storage')\n",
    ],
)
def test_hidden_imports_count(text: str) -> None:
    [problem] = problems("handlers.router", text)
    assert "imports storage" in problem


def test_relative_imports_start_from_the_package() -> None:
    package = Source("agents.domain", "from . import money\nfrom ..decision import x", True)
    assert list(imports(package)) == [
        Import(1, "agents.domain.money"),
        Import(2, "agents.decision.x"),
    ]


def test_a_name_that_only_begins_alike_is_another_module() -> None:
    assert room_of("storage_tools") == ""
    assert room_of("bot.application") == "bot"


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("from datetime import datetime\nat = datetime.now()", "clock"),
        ("import datetime as dt\nat = dt.datetime.utcnow()", "clock"),
        ("import datetime\nat = datetime.date.today()", "clock"),
        ("import time\nat = time.time()", "clock"),
        ("print('hello')", "print"),
        ("def f():\n    return open('x').read()", "open"),
        ("def f(path):\n    return path.read_text()", "files"),
        ("async def f():\n    pass", "async f"),
        ("async def f(x):\n    await x", "waits"),
        ("async def f(x):\n    async for y in x: pass", "waits"),
        ("async def f(x):\n    async with x: pass", "waits"),
    ],
)
def test_an_impurity_is_seen(text: str, what: str) -> None:
    assert any(what in problem for problem in impurities(Source("agents.domain.market", text)))


def test_only_stubs_of_ports_may_be_async() -> None:
    stub = 'class Market(Protocol):\n    async def start(self) -> None:\n        """Begin."""\n'
    body = "class Market(Protocol):\n    async def start(self) -> int:\n        return 1\n"
    concrete = "class Market:\n    async def start(self) -> None: ...\n"
    assert impurities(Source("agents.domain.ports", stub)) == []
    assert impurities(Source("agents.domain.ports", body))
    assert impurities(Source("agents.domain.ports", concrete))
    assert impurities(Source("agents.domain.market", stub)) == []
    assert impurities(Source("agents.domain.market", concrete))


def test_a_clock_that_is_handed_in_is_pure() -> None:
    text = "def age(clock, since):\n    return clock.now() - since\n"
    assert impurities(Source("agents.domain.market", text)) == []
