"""Takes each update to its handler, and turns errors into words."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from difflib import get_close_matches
from typing import Any

from agents.domain.desks import Right
from agents.domain.errors import NotFound, ParleyError
from agents.domain.proposal import Proposal, ProposalState
from agents.domain.strategy import StrategyState
from agents.domain.user import Identity, Place
from handlers import (
    bringing,
    confirm,
    connecting,
    dialogue,
    markers,
    numbers,
    rights,
    seats,
    strangers,
    talk,
    texts,
    times,
)
from handlers.chat import Button, Glance, Incoming, MenuCommand, Reply, Tap
from handlers.commands import ACTS, COMMANDS, PRESSES, Command, Press
from handlers.desk import Desk
from handlers.doors import Joined, Outside, admit
from handlers.gate import Stopped, gate, gate_for, is_personal, seated
from handlers.glances import glance
from handlers.overhearing import overhear
from handlers.suggesting import suggest
from handlers.turn import Answer, Turn
from handlers.veil import CONNECT, HIDDEN, Veiled, disarm, veiled, without_keys

AGAIN = "again"  # the question whether to do now what was commanded long ago
LATE = "late_"  # before the verb of a button that confirms a tap which came late
LARGEST = 2**31 - 1  # of a number that a button of ours carries
_STARTS_FROM = {"activate": StrategyState.DRAFT, "resume": StrategyState.PAUSED}
_STOP = frozenset({"veto", "next_candle"})
_ON_PROPOSALS = frozenset({"approve", "veto", "halve", "tighten", "next_candle"})


class Router:
    """The conversation's one door. Holds no state: what must last is in the memory."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._commands = {row.name: row for row in COMMANDS}
        self._presses = {row.verb: row for row in PRESSES}
        self._presses["yes"] = Press("yes", self._yes, "Yes", money=True)

    def commands(self) -> Sequence[tuple[str, str]]:
        """(name, description) of each command that a menu shows."""
        return [(row.name, row.description) for row in COMMANDS if not row.hidden]

    def menu(self) -> Sequence[MenuCommand]:
        """`commands`, with how their words go, for a menu that helps to type them."""
        return [
            MenuCommand(row.name, row.description, row.usage, row.suggests)
            for row in COMMANDS
            if not row.hidden
        ]

    def forms(self) -> Mapping[str, str]:
        """The verbs whose tap asks for a text, with the question: a platform with forms asks at
        once and gives tap and text together."""
        return {row.verb: row.asks for row in PRESSES if row.asks}

    async def suggest(
        self, person: Identity, place: Place, command: str, typed: str
    ) -> Sequence[tuple[str, str]]:
        """(label, words) for what somebody begins to type after a command; see suggesting."""
        return await suggest(self._desk, person, place, command, typed)

    async def glance(self, incoming: Incoming) -> Glance:
        """What the sender may be told at once; reads and changes nothing."""
        return await glance(self._desk, incoming, self._row(incoming))

    async def wants(self, incoming: Incoming) -> bool:
        """Whether an update is to be kept at all: what people say among themselves is not, unless
        somebody listens there."""
        if incoming.private or incoming.addressed:
            return True
        return bool(await self._desk.memory.heard.listeners(incoming.place))

    def _row(self, incoming: Incoming) -> Command | Press | None:
        """The command or the button that an update is."""
        if incoming.tap is not None:
            return self._presses.get(incoming.tap.verb.removeprefix(LATE))
        said = (incoming.text or "").strip()
        return self._commands.get(_split(said[1:])[0]) if said.startswith("/") else None

    async def handle(self, incoming: Incoming) -> Sequence[Reply]:
        """The answers to one update, for the place that it came from.

        What the trading or the memory refuses is put into words; anything else is a fault of ours
        and raised. Handling the same update again does no harm.
        """
        meant = incoming.addressed and not incoming.forwarded  # words of others command nothing
        if not (incoming.private or meant):
            return await overhear(self._desk, incoming)
        admitted = await admit(self._desk, incoming)
        if isinstance(admitted, Joined):
            return admitted.answer
        if isinstance(admitted, Outside):
            return admitted.answer or await strangers.at_a_desk(self._desk, incoming)
        turn = await seated(self._desk, incoming, admitted)
        personal = await is_personal(self._desk, turn, self._row(incoming))
        answer = await self._answered(turn)
        return [replace(reply, personal=True) for reply in answer] if personal else answer

    async def owner_of(self, incoming: Incoming, *, personal: bool) -> int:
        """The user id whose answer that is, personal or not: a desk's account in its place; 0 for
        a stranger's."""
        person = await self._desk.memory.users.find(incoming.sender)
        if person is None:
            return 0
        private = incoming.private or personal
        where = await seats.seat_at(self._desk, incoming.place, person, private=private)
        return where.account.id

    async def _answered(self, turn: Turn) -> Answer:
        try:
            if turn.incoming.tap is not None and turn.incoming.text is not None:
                return await self._form(turn)
            if turn.incoming.text is None:
                return await self._tap(turn)
            sealed = veiled(turn.words)
            return await (self._opened(turn, sealed) if sealed else self._heard(turn))
        except ParleyError as error:
            return [texts.of_error(error)]

    # --- texts --------------------------------------------------------------------------------

    async def _opened(self, turn: Turn, sealed: Veiled) -> Answer:
        """A text that the door sealed, because a key was awaited there."""
        desk = self._desk
        opened = connecting.opened(desk, sealed.sealed).strip()
        said = replace(turn, words=opened, incoming=replace(turn.incoming, text=opened))
        step = await dialogue.present(desk, turn)
        if step is None or step.kind != connecting.STEP:
            await disarm(desk.memory.notes, turn.incoming, sealed.token)
            return await self._heard(replace(said, words=without_keys(opened)))
        if talk.is_no(opened):
            await connecting.over(desk, turn)
            return [texts.said(texts.NOTHING_DONE)]
        if meant := talk.command_in(opened, orders=False):
            return await self._command(said, *meant)
        return await connecting.said(desk, said, step, opened)

    async def _heard(self, turn: Turn) -> Answer:
        if bringing.is_forwarded(turn):  # the words of somebody else
            return await bringing.forwarded(self._desk, turn)
        if HIDDEN in turn.words and not turn.words.lower().startswith(f"/{CONNECT}"):
            return [connecting.stray(turn)]
        return await self._said(turn)

    async def _said(self, turn: Turn) -> Answer:
        if not turn.words:
            return [texts.empty()]
        if turn.words.startswith("/"):
            name, rest = _split(turn.words[1:])
            return await self._command(turn, name, rest)
        if not turn.incoming.private:
            passed = await gate_for(self._desk, turn, rights.TALKING)
            if isinstance(passed, Stopped):
                return await self._stopped(turn, passed)
            turn = passed
        step = await dialogue.present(self._desk, turn)
        if step and step.kind in {AGAIN, *ACTS} and talk.is_yes(turn.words):
            return await self._yes_said(turn)
        if meant := talk.command_in(turn.words, orders=not talk.wants_words(step)):
            return await self._command(turn, *meant)
        return await talk.talk(self._desk, turn, step)

    async def _command(self, turn: Turn, name: str, rest: str) -> Answer:
        row = self._commands.get(name)
        if row is None or (row.operator_only and not turn.person.operator):
            return [self._unknown(turn, name)]
        passed = await gate(self._desk, turn, row)
        if isinstance(passed, Stopped):
            return await self._stopped(turn, passed)
        await self._noted(passed, rights.OF_COMMANDS.get(row.name), f"/{row.name} {rest}")
        said = replace(passed, words=rest)
        if row.money and self._is_late(turn):
            return await self._late_command(said, row)
        return await row.handler(self._desk, said)

    def _unknown(self, turn: Turn, name: str) -> Reply:
        known = [row.name for row in COMMANDS if turn.person.operator or not row.operator_only]
        return texts.unknown_command(name[:30], get_close_matches(name, known, n=3, cutoff=0.5))

    async def _yes_said(self, turn: Turn) -> Answer:
        if self._is_late(turn):
            said = "Your Yes came too late to act on; tap the button if you still want it."
            return [texts.said(said)]
        step = await dialogue.end(self._desk, turn)
        answer = await self._do(turn, step) if step else []
        return [Reply(one.words, one.rows, one.picture) for one in answer]

    # --- taps ---------------------------------------------------------------------------------

    async def _tap(self, turn: Turn) -> Answer:
        tap = turn.incoming.tap
        late = tap is not None and tap.verb.startswith(LATE)
        row = self._presses.get(tap.verb.removeprefix(LATE)) if tap else None
        if tap is None or row is None or max(tap.id, tap.version) > LARGEST:
            return [texts.said(texts.NOT_MINE)]
        passed = await gate(self._desk, _tapped(turn, Tap(row.verb, tap.id, tap.version)), row)
        if isinstance(passed, Stopped):
            return await self._stopped(turn, passed)
        meant = passed
        await self._noted(meant, rights.OF_BUTTONS.get(row.verb), f"{row.verb}:{tap.id}")
        if row.money and self._is_late(turn) and (now := await self._worth_asking(meant)):
            return [*_taken(late), self._late_tap(meant, row, now)]
        return [*_taken(late), *await row.handler(self._desk, meant)]

    async def _form(self, turn: Turn) -> Answer:
        """A form that a tap opened: its text answers the question that the tap puts."""
        opened = await self._tap(replace(turn, words=""))
        # For the dialogue it is an update of its own, which finds the question that was put.
        said = replace(turn, incoming=replace(turn.incoming, key=f"{turn.incoming.key}:text"))
        step = await dialogue.present(self._desk, said)
        if step is None or not opened:  # what the gate stopped says nothing
            return opened
        sealed = veiled(said.words)
        return await (self._opened(said, sealed) if sealed else self._heard(said))

    async def _yes(self, desk: Desk, turn: Turn) -> Answer:
        """Yes to the open question of this place."""
        step = await dialogue.answered(desk, turn)
        return await self._do(turn, step) if step else [confirm.agreed(texts.OVER)]

    async def _do(self, turn: Turn, step: dialogue.Step) -> Answer:
        needed = _needed(step)
        if turn.group and needed and (why := seats.denied(turn.role, needed)):
            return [confirm.agreed(why)]  # whoever was asked is less here by now
        if step.kind == AGAIN:
            row = self._commands[step.facts["command"]]
            said = replace(turn, words=step.facts["words"])
            done = await row.handler(self._desk, said)
            return [confirm.agreed("✅ Yes."), *done]
        act = ACTS.get(step.kind)
        if act is None:
            return [confirm.agreed(texts.OVER)]
        return await act(self._desk, turn, step.facts)

    # --- at a desk ----------------------------------------------------------------------------

    async def _stopped(self, turn: Turn, stopped: Stopped) -> Answer:
        """Nothing is done. Who was found to have left the group has no role there any more."""
        if stopped.gone and turn.group is not None:
            await seats.end_role(self._desk, turn.group, turn.person.id, "left the group")
        return stopped.answer

    async def _noted(self, turn: Turn, right: Right | None, what: str) -> None:
        """Which of its members did something in a desk's name. Votes are noted where they count."""
        if turn.group is not None and right in {Right.TRADE, Right.LEAD}:
            actor, facts = f"user:{turn.person.id}", {"said": what.strip()[:200]}
            await self._desk.memory.audit.record(turn.user.id, actor, "did", facts)

    # --- what comes late ----------------------------------------------------------------------

    def _delay(self, turn: Turn) -> timedelta:
        return self._desk.clock.wall() - turn.incoming.sent_at

    def _is_late(self, turn: Turn) -> bool:
        return self._delay(turn) > timedelta(seconds=self._desk.tap_rules.stale_seconds)

    async def _late_command(self, turn: Turn, row: Command) -> Answer:
        facts: dict[str, Any] = {"command": row.name, "words": turn.words}
        said = f"wrote /{row.name} {turn.words}".rstrip()
        words = texts.late(said, self._delay(turn), "", ()).words
        return await confirm.ask(self._desk, turn, AGAIN, facts, words)

    def _late_tap(self, turn: Turn, row: Press, now: str) -> Reply:
        tap = turn.tap
        yes = Button(f"✅ Yes, {row.label.lower()}", LATE + row.verb, tap.id, tap.version)
        rows = texts.yes_no(yes, texts.no_button())
        return texts.late(f"tapped {row.label}", self._delay(turn), now, rows)

    async def _worth_asking(self, turn: Turn) -> str:
        """What is true now, for a late tap that would still do something; empty when it would
        not, and its handler only says so."""
        tap = turn.tap
        if tap.verb in _ON_PROPOSALS:
            return await self._proposal_now(turn)
        if tap.verb == "yes":
            step = await dialogue.present(self._desk, turn)
            return "Nothing has been done so far." if step and step.serial == tap.id else ""
        strategy = await self._desk.memory.strategies.get(turn.user.id, tap.id)
        if strategy.state is not _STARTS_FROM.get(tap.verb):
            return ""
        return f"#{strategy.number} {strategy.name} is {markers.STATES[strategy.state]} now."

    async def _proposal_now(self, turn: Turn) -> str:
        try:
            proposal = await self._desk.memory.proposals.get(turn.user.id, turn.tap.id)
        except NotFound:
            return ""
        wall = self._desk.clock.wall()
        waits = proposal.state is ProposalState.PENDING and proposal.expires_at > wall
        if not waits or proposal.version != turn.tap.version:
            return ""
        if proposal.runs_at is not None and turn.tap.verb in _STOP:
            return ""  # it would run before anybody says yes
        return await self._price_now(proposal)

    async def _price_now(self, proposal: Proposal) -> str:
        price = self._desk.price(proposal.symbol)
        instrument = await self._desk.instrument(proposal.symbol)
        left = times.countdown(proposal.expires_at - self._desk.clock.wall())
        entry = numbers.price(proposal.plan.entry, instrument)
        base = markers.base(proposal.symbol)
        now = numbers.price(price, instrument) if price is not None else "without a price"
        return f"{base} is now {now}; the card says {entry} and expires in {left}."


def _split(words: str) -> tuple[str, str]:
    """A command's name, without the bot's, and what follows; line breaks separate them, too."""
    name, *rest = words.split(maxsplit=1) or [""]
    return name.partition("@")[0].lower(), "".join(rest).strip()


def _needed(step: dialogue.Step) -> Right | None:
    """What it needs at a desk to say Yes, where that is more than for any Yes."""
    if step.kind == AGAIN:
        return rights.OF_COMMANDS.get(step.facts["command"])
    return rights.OF_ACTS.get(step.kind)


def _tapped(turn: Turn, tap: Tap) -> Turn:
    """The same turn as if `tap` had been tapped."""
    return replace(turn, incoming=replace(turn.incoming, tap=tap))


def _taken(late: bool) -> Answer:
    """The question about a late tap loses its buttons, for it is answered."""
    return [confirm.agreed("✅ Yes.")] if late else []
