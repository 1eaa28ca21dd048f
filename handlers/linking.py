"""/link and /unlink: one person, one account, on as many platforms as they like."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from agents.domain.linking import CODE_LASTS
from agents.domain.user import Identity, User
from agents.linking import Linked, Linking, LinkState
from handlers import confirm, texts
from handlers.chat import Incoming, Reply, bold, code, lines, text
from handlers.desk import Desk
from handlers.turn import Answer, Turn

JOIN = "link"  # the question whether this account shall join another
_CODE = re.compile(r"[A-Z2-9]{10}")
_BAD = (
    "That code is not known, was used already, or is older than 15 minutes. Write /link where your "
    "account is, and send the new code here."
)
_KEYS_APART = {
    LinkState.TWO_KEYS: "Both of your accounts here have a connected exchange account, and one "
    "account can have only one. Nothing was joined. Write /disconnect in one of them first, and "
    "link them then.",
    LinkState.OTHER_KEY: "The other account still has open trades with real money, made with a key "
    "that it no longer has; yours would be used for them. Nothing was joined. Connect that "
    "exchange again over there and close them, or write /disconnect here first.",
}


def _linking(desk: Desk) -> Linking:
    truth = desk.truth
    if truth is None:
        return Linking(desk.memory, desk.clock)
    return Linking(desk.memory, desk.clock, truth.reconciliation.soon)


async def link(desk: Desk, turn: Turn) -> Answer:
    """/link: a code for the other platform. /link CODE: this account joins the other one."""
    if not turn.words:
        return [await _offered(desk, turn.person)]
    wanted = _code_in(turn.words)
    holder = await _holder(desk, wanted) if wanted else None
    if holder is None:
        return [texts.said(_BAD)]
    if holder.id == turn.person.id:
        return [texts.said("That is this account's own code: send it on the other platform.")]
    if refused := await _linking(desk).refusal(turn.person, holder.id):
        return [_told(refused)]
    moving = len(await desk.memory.strategies.of(turn.person.id))
    question = lines(
        bold("🔗 Join your two accounts?"),
        f"This one becomes part of {holder.name or 'the other one'}'s: "
        f"{_strategies(moving)} come along, and everything is shown on both platforms.",
        "Settings of the other account stay. This can't be taken back.",
    )
    return await confirm.ask(desk, turn, JOIN, {"code": wanted}, question)


async def join_now(desk: Desk, turn: Turn, facts: Mapping[str, Any]) -> Answer:
    """Yes to the question above."""
    told_at = turn.place if turn.incoming.private else None  # in a group others read along
    taken = await _linking(desk).take(facts["code"], turn.incoming.sender, told_at)
    said = _told(taken).words
    if taken.state is LinkState.LINKED and told_at is None:
        said = lines(said, "Write to me once in our private chat here, so that I can tell you.")
    return [confirm.agreed(said)]


async def joined(desk: Desk, incoming: Incoming) -> tuple[User, Answer] | None:
    """Somebody unknown here who brings a code of `/link` has an account already."""
    wanted = _code_in(incoming.text or "")
    if not wanted or await _holder(desk, wanted) is None:
        return None
    taken = await _linking(desk).take(wanted, incoming.sender, incoming.place)
    if taken.state is not LinkState.LINKED or taken.user is None:
        return None
    return taken.user, [_told(taken)]


async def unlink(desk: Desk, turn: Turn) -> Answer:
    """/unlink NAME: that platform is no way to this account any more."""
    mine = await _linking(desk).identities(turn.person.id)
    named = [one for one in mine if turn.words.lower() in {one.platform, str(one)}]
    if not named:
        return [texts.said(_which(mine))]
    if not await _linking(desk).leave(turn.person.id, named[0]):
        return [texts.said("That is the only way to this account; link another platform first.")]
    return [
        texts.said(f"🔗 {_shown(named[0])} is no longer linked. Nothing is sent there any more.")
    ]


def _which(mine: Sequence[Identity]) -> str:
    known = " and ".join(_shown(one) for one in mine)
    if len(mine) == 1:
        return f"Your account is on {known} alone, so there is nothing to take off."
    return f"Your account is on {known}. Say which to take off: /unlink {mine[-1].platform}."


async def _offered(desk: Desk, user: User) -> Reply:
    made = await _linking(desk).offer(user.id)
    mine = await _linking(desk).identities(user.id)
    alone = len(desk.people.platforms()) == 1
    return texts.said(
        bold("🔗 One account on several platforms"),
        text("Send me this on the other platform, within 15 minutes: ") + code(f"/link {made}"),
        "Then your strategies and every proposal are there too, and a tap counts wherever you are.",
        f"Linked so far: {', '.join(_shown(one) for one in mine)}.",
        *(["No other platform is connected yet; the operator of this desk does that."] * alone),
    )


async def _holder(desk: Desk, wanted: str) -> User | None:
    from_when = desk.clock.wall() - CODE_LASTS
    holder = await desk.memory.links.holder(wanted, from_when)
    return await desk.memory.users.get(holder) if holder else None


def _code_in(said: str) -> str:
    """The code in `/link CODE`, `/start CODE` or the bare code; empty without one."""
    words = said.split()
    if words and words[0].lower() in {"/link", "/start"}:
        words = words[1:]
    if len(words) != 1:
        return ""
    bare = words[0].strip(".,!“”\"'`").upper()
    return bare if _CODE.fullmatch(bare) else ""


def _told(taken: Linked) -> Reply:
    if taken.state is LinkState.BUSY:
        return _busy(taken.why)
    if taken.state in _KEYS_APART:
        return texts.said(_KEYS_APART[taken.state])
    if taken.state is LinkState.BAD_CODE or taken.user is None:
        return texts.said(_BAD)
    if taken.state is LinkState.SAME:
        return texts.said("These are one account already.")
    came = f" {_strategies(taken.moved).capitalize()} came along." if taken.moved else ""
    return texts.said(
        bold(f"🔗 Linked with {taken.user.name or 'your account'}."),
        f"Strategies, proposals and trades are the same on both platforms now.{came}",
        "A proposal stands on both; the first tap decides, and both show it.",
        *_paper(taken.to_paper),
    )


def _paper(names: Sequence[str]) -> list[str]:
    """What became of strategies with real money of an account without a key."""
    if not names:
        return []
    known = ", ".join(names)
    which = "is on paper now, for its" if len(names) == 1 else "are on paper now, for their"
    return [
        f"🧾 {known} {which} real money was in an exchange account that is not connected any "
        "more. /mode shows the way back."
    ]


def _busy(why: str) -> Reply:
    return texts.said(
        f"Not yet: {why} in this account. Close, answer or pause that first; or write /link here "
        "and send the code on the other platform, so that the other account joins this one."
    )


def _strategies(count: int) -> str:
    return {0: "no strategies", 1: "one strategy"}.get(count, f"{count} strategies")


def _shown(identity: Identity) -> str:
    return identity.platform.capitalize()
