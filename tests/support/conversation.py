"""A conversation with the desk, as a platform would hold it: text and taps in, replies out.

Every reply is checked for what holds for all of them: no number with too many digits, tables that
fit a phone, buttons that begin with a sign and fit 64 bytes.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Any

from agents.decision.sight import Sights
from agents.decision.words import read
from agents.domain.grants import Feature
from agents.domain.ladder import Ladder
from agents.domain.market import Candle, Candles, Timeframe
from agents.domain.proposal import Proposal
from agents.domain.strategy import Mode, Strategy
from agents.domain.user import Identity, Place, User
from agents.domain.venue import KeyCheck
from agents.execution.bounds.modes import Modes
from agents.execution.desk import Desk as Execution
from agents.extraction.history import Frames
from agents.signals.desk import SignalDesk
from agents.signals.reading import read_signal
from agents.watch import Watch
from handlers.chat import (
    BUTTON_DATA_LIMIT,
    Button,
    Incoming,
    Reply,
    Style,
    Tap,
    incoming_from_json,
    reply_from_json,
)
from handlers.desk import Desk
from handlers.model_keys import ModelKeys
from handlers.notices import Notices
from handlers.pictures import Pictures
from handlers.router import Router
from handlers.veil import Veil
from tests.support.desk import World
from tests.support.line import Model
from tests.support.town import Town
from tests.support.vaults import VAULT

ADA = Identity("chatter", "ada")
LONGEST_TEXT = 4096
WIDEST_TABLE = 36
_TOO_MANY_DIGITS = re.compile(r"\d[.,]\d{9,}|\b\d{11,}\b")  # a hash is no number
_CODE = re.compile(r"[A-Z2-9]{10}")


def check(reply: Reply) -> Reply:
    """`reply`, when it is one that any platform can show to anybody."""
    words = reply.words.plain()
    assert words.strip(), "a reply without words"
    assert len(words) <= LONGEST_TEXT, f"{len(words)} characters"
    assert not (found := _TOO_MANY_DIGITS.search(words)), f"{found and found[0]} in {words}"
    assert "None" not in words.split(), words
    assert "Decimal" not in words and "Traceback" not in words, words
    for span in reply.words.spans:
        if span.style is Style.PRE and "```" not in span.text and ": " not in span.text:
            widest = max(span.text.split("\n"), key=len)
            assert len(widest) <= WIDEST_TABLE, f"{len(widest)} wide: {widest!r}"
    for button in buttons(reply):
        assert ord(button.label[0]) > 0x2000, button.label
        assert len(button.data.encode()) <= BUTTON_DATA_LIMIT
        assert Tap.parse(button.data) == Tap(button.verb, button.id, button.version)
        assert len(button.label) <= (80 if button.verb == "example" else 40), button.label
    assert all(0 < len(row) <= 5 for row in reply.rows) and len(reply.rows) <= 5
    assert reply_from_json(json.loads(json.dumps(reply.as_json()))) == reply
    return reply


def buttons(*replies: Reply) -> list[Button]:
    return [button for reply in replies for row in reply.rows for button in row]


def plain(replies: Sequence[Reply]) -> str:
    return "\n---\n".join(reply.words.plain() for reply in replies)


@dataclass
class Conversation:
    """The desk over a scripted market, with `ADA` as its operator."""

    world: World = field(default_factory=World)
    shown: list[Reply] = field(default_factory=list)
    advisor: str = ""
    health: list[tuple[str, bool, str]] = field(default_factory=list)
    invite_only: bool = True
    memory: Any = None
    model: Model | None = None
    key_check: KeyCheck | None = None
    people: Town = field(default_factory=Town)
    free: frozenset[Feature] = frozenset(Feature)
    ladder: Ladder = field(default_factory=Ladder)
    exchange_money: Decimal | None = None
    _said: int = 0
    _told: int = 0

    async def _free(self, owner_id: int) -> Decimal | None:
        return self.exchange_money

    def modes(self, desk: Execution) -> Modes:
        return Modes(
            self.memory or self.world.memory,
            self.world.clock,
            desk.approvals,
            self.ladder,
            self._free,
            frozenset(Mode),
        )

    async def start(self) -> "Conversation":
        """Also a restart: nothing but the memory is kept."""
        desk = await self.world.start()
        market, clock = self.world.market, self.world.clock
        memory = self.memory or self.world.memory
        self.desk = Desk(
            clock=clock,
            market=market,
            memory=memory,
            approvals=desk.approvals,
            hands=desk.hands,
            panic=desk.panic,
            accounts=desk.accounts,
            bounding=desk.bounding,
            watch=Watch(Sights(Frames(market)), clock),
            read=self._read,
            health=lambda: self.health,
            limits=self.world.limits,
            tap_rules=self.world.rules,
            costs=self.world.costs,
            keys=ModelKeys(memory, VAULT),
            people=self.people,
            signals=SignalDesk(
                memory,
                market,
                clock,
                Sights(Frames(market)),
                desk.proposer,
                desk.hands,
                read_signal,
                self.model,
            ),
            modes=self.modes(desk),
            operators=(ADA,),
            page_owner=Identity("page", "owner"),
            invite_only=self.invite_only,
            advisor=self.advisor,
            address=lambda: "https://desk.example",
            free_features=self.free,
            channel_delay=900,
            key_check=self.key_check,
            exchange="binance" if self.key_check else "",
            truth=desk.truth,
        )
        self.router = Router(self.desk)
        self.veil = Veil(memory.notes, VAULT)
        self.notices = Notices(self.desk)
        self.pictures = Pictures(self.desk)
        return self

    async def _read(self, user_id: int, sentence: str):
        return read(sentence, await self.world.market.universe())

    # --- speaking -----------------------------------------------------------------------------

    async def say(self, text: str, who: Identity = ADA, **more: Any) -> list[Reply]:
        return await self.handle(self.incoming(who, text=text, **more))

    async def press(self, label: str, who: Identity = ADA, **more: Any) -> list[Reply]:
        """Tap the newest button whose label contains `label`."""
        return await self.tap(self.button(label), who, **more)

    async def tap(self, button: Button, who: Identity = ADA, **more: Any) -> list[Reply]:
        return await self.tap_data(button.data, who, **more)

    async def tap_data(self, data: str, who: Identity = ADA, **more: Any) -> list[Reply]:
        tap = Tap.parse(data)
        return await self.handle(self.incoming(who, tap=tap, tap_data=data, **more))

    def incoming(self, who: Identity, *, late: float = 0, chat: str = "", **more: Any) -> Incoming:
        self._said += 1
        sent_at = self.world.clock.wall() - timedelta(seconds=late)
        place = Place(who.platform, chat or f"home-{who.account}")
        name = more.pop("name", who.account.title())
        return Incoming(more.pop("key", f"u{self._said}"), place, who, name, sent_at, **more)

    async def handle(self, incoming: Incoming) -> list[Reply]:
        incoming = await self.veil.sealed(incoming)
        stored = incoming_from_json(json.loads(json.dumps(incoming.as_json())))
        assert stored == incoming
        replies = [check(reply) for reply in await self.router.handle(incoming)]
        self.shown += replies
        return replies

    def button(self, label: str) -> Button:
        found = [button for button in buttons(*self.shown) if label in button.label]
        assert found, f"no button {label!r} was shown"
        return found[-1]

    async def told(self) -> list[Reply]:
        """What the notices since the last time say."""
        new = self.world.memory.told[self._told :]
        self._told += len(new)
        rendered = [
            await self.notices.render(notice.kind, dict(notice.facts), notice.owner_id)
            for notice in new
        ]
        replies = [check(reply) for reply in rendered if reply is not None]
        self.shown += replies
        return replies

    # --- what there is ------------------------------------------------------------------------

    async def user(self, who: Identity = ADA) -> User:
        found = await self.desk.memory.users.find(who)
        if found is None:
            await self.say("/start", who)
            found = await self.desk.memory.users.find(who)
        assert found is not None
        return found

    async def stranger_in(self, account: str = "bob") -> Identity:
        """Somebody who came in by invitation."""
        who = Identity("chatter", account)
        await self.user()
        code = _CODE.search(plain(await self.say("/invite")))
        assert code is not None
        await self.say(f"/start {code[0]}", who)
        return who

    async def strategy(self, **changes: Any) -> Strategy:
        return await self.world.strategy((await self.user()).id, **changes)

    async def proposal(self, **changes: Any) -> Proposal:
        """A proposal whose card was shown."""
        made = await self.world.propose(await self.strategy(**changes))
        await self.told()
        return made

    async def position(self):
        """An open position whose messages were shown."""
        made = await self.world.opened(await self.strategy())
        await self.told()
        return made

    def candles(self, symbol: str = "BTC/USDT", timeframe: str = "5m", count: int = 300) -> None:
        """Candles up to now that go up and down around 60,000."""
        length = Timeframe.parse(timeframe)
        last = length.floor(self.world.clock.now())
        candles = Candles(symbol, length)
        for index in range(count):
            opened = last - length.length * (count - index)
            wave = float((index * 7) % 40 - 20)
            first, close = 60_000 + wave * 10, 60_000 + wave * 10 + (index % 3 - 1) * 15
            top, low = max(first, close) + 5, min(first, close) - 5
            candles.append(Candle(symbol, length, opened, first, top, low, close, 10.0))
        self.world.market.candles[symbol, timeframe] = candles


async def conversation(**more: Any) -> Conversation:
    return await Conversation(**more).start()


CENT = Decimal("0.01")
