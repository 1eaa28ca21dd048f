"""A desk as a process, a loopback Telegram, and traders who tap every card: for kill tests."""

import asyncio
import os
import random
from functools import partial
from pathlib import Path
from typing import Any

from tests.support.books import Books
from tests.support.forking import Forked, Nursery
from tests.support.telegram_server import TelegramServer
from tests.support.telegram_world import Message

CHATS = (42, 43, 44, 45)  # several, since a chat takes one message a second
SENTENCES = (
    "Buy BTC when RSI(14) on 5m drops below 48, stop 0.4%, target 1R, risk 0.5%",
    "Short ETH on 5m when rsi(14) > 52, stop 0.5%, targets 0.5R (50%) and 1R (rest), risk 0.5%",
    "Long SOL on 5m when close > ema(9), stop 0.8%, target 0.7R, breakeven after 0.4R, risk 0.5%",
)


class Trader:
    """`say` and `tap` are a person's; `start` and `kill` the operator's."""

    def __init__(
        self, folder: Path, nursery: Nursery, server: TelegramServer, market: dict[str, str]
    ) -> None:
        self.folder = folder
        self.nursery = nursery
        self.server = server
        self.desk: Forked | None = None
        self._environment = {
            **{name: value for name, value in os.environ.items() if name in ("PATH", "HOME")},
            **market,
            "PORT": "0",
            "TELEGRAM_BOT_TOKEN": server.token,
            "TELEGRAM_API_URL": server.url,
            "PARLEY_ADMINS": ",".join(f"telegram:{chat}" for chat in CHATS),
        }
        self._pressed: set[tuple[int, str]] = set()
        self._chance = random.Random(7)

    @property
    def database(self) -> Path:
        return self.folder / "var" / "parley.db"

    # --- the process --------------------------------------------------------------------------

    async def start(self, crash_at: str = "", **settings: str) -> None:
        environment = {**self._environment, **settings, "CRASH_AT": crash_at}
        self.desk = await self.nursery.start(self.folder, environment)

    async def lives(self, seconds: float) -> bool:
        """Whether it is still running after so long; it may die by itself before."""
        assert self.desk
        return await self.desk.lives(seconds)

    async def kill(self) -> None:
        assert self.desk
        await self.desk.kill()

    async def stop(self) -> int | None:
        """SIGTERM; the exit code."""
        assert self.desk
        return await asyncio.wait_for(self.desk.stop(), 15)

    # --- the person ---------------------------------------------------------------------------

    async def begin(self) -> None:
        """Everybody joins, and activates strategies that trade all the time."""
        await asyncio.gather(*(self._join(chat) for chat in CHATS))
        await self._let_run(CHATS[0], 3)

    async def _join(self, chat: int) -> None:
        self.server.private(chat)
        self.server.say(chat, chat, "/start")
        await self.answer("trading desk", chat)
        for sentence in SENTENCES:
            await self._activate(chat, sentence)

    async def _let_run(self, chat: int, number: int) -> None:
        """One strategy trades without taps, beside those that are tapped."""
        self.server.say(chat, chat, f"/autonomy {number} autopilot")
        question = await self.server.wait_for(lambda: self._with_button(chat, "Yes"), 30)
        self.server.tap(chat, chat, question.id, "Yes")
        await self.server.wait_for(lambda: not self._with_button(chat, "Yes"), 30)

    async def _activate(self, chat: int, sentence: str) -> None:
        self.server.say(chat, chat, sentence)
        draft = await self.server.wait_for(lambda: self._with_button(chat, "Activate"), 30)
        self.server.tap(chat, chat, draft.id, "Activate")
        await self.server.wait_for(lambda: not self._with_button(chat, "Activate"), 30)

    async def answer(self, words: str, chat: int = 0) -> Any:
        """The first message with these words, in one chat or in any."""
        return await self.server.wait_for(
            lambda: next((m for m in self._messages(chat) if words in m.text), None), 60
        )

    def _messages(self, chat: int = 0) -> list[Message]:
        return [m for c in CHATS if chat in (0, c) for m in self.server.messages(c)]

    def _with_button(self, chat: int, label: str) -> Any:
        for message in reversed(self._messages(chat)):
            if any(label in button["text"] for row in message.keyboard for button in row):
                return message
        return None

    async def keep_tapping(self) -> None:
        """Approve most cards, halve or veto some; each button once."""
        while True:
            await self.server.wait_for(self._tap_new, 600)

    def _tap_new(self) -> bool:
        for message in self._messages():
            labels = {b["text"]: b["callback_data"] for row in message.keyboard for b in row}
            if not any("Approve" in label for label in labels):
                continue
            wish = self._chance.choices(("Approve", "Half", "Veto"), (8, 1, 1))[0]
            data = next(data for label, data in labels.items() if wish in label)
            if (message.id, data) not in self._pressed and not self._answered(message.id, data):
                self._pressed.add((message.id, data))
                self.server.tap_data(message.chat.id, message.chat.id, message.id, data)
                return True
        return False

    def _answered(self, message: int, data: str) -> bool:
        """Whether a button of the same version of this card was pressed already."""
        version = data.split(":", 1)[1]
        return any(m == message and d.endswith(version) for m, d in self._pressed)

    async def panic(self, chat: int) -> None:
        """Ask for a panic, and say Yes to the question that comes."""
        before = max(message.id for message in self._messages(chat))
        self.server.say(chat, chat, "/panic")
        asked = partial(self._with_button, chat, "Yes")
        question = await self.server.wait_for(
            lambda: found if (found := asked()) and found.id > before else None, 60
        )
        self.server.tap(chat, chat, question.id, "Yes")

    # --- afterwards ---------------------------------------------------------------------------

    async def settle(self) -> None:
        """Flatten everything and wait until all is filled and told."""
        await asyncio.gather(*(self.panic(chat) for chat in CHATS))
        while not self._is_quiet():
            assert await self.lives(0.2), "the desk died while it was to settle"

    def _is_quiet(self) -> bool:
        books = Books(self.database)
        still_open = [p for p in books["positions"] if p["state"] != "closed"]
        return not (books.undelivered() or books.unsettled() or still_open)

    def lying_cards(self) -> list[str]:
        """Buttons that offer what is not on offer any more."""
        states = {p["id"]: (p["state"], p["version"]) for p in Books(self.database)["proposals"]}
        found = []
        for message in self._messages():
            for button in (b for row in message.keyboard for b in row if "Approve" in b["text"]):
                _, number, version = button["callback_data"].split(":")
                if states.get(int(number)) != ("pending", int(version)):
                    found.append(f"message {message.id}: {button} while {states.get(int(number))}")
        return found
