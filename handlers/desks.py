"""/desk: a group that trades one account together, and who may do what there."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from agents.domain.autonomy import AutonomyKind
from agents.domain.desks import GroupDesk, Member, Right, Role, Rule, voters
from agents.domain.errors import AskUser, DeliveryDelayed, DeliveryRefused
from agents.domain.strategy import StrategyState
from agents.linking import Linking
from handlers import confirm, desk_joining, desk_places, saying, seats, texts
from handlers.chat import Button, Reply, Rows, Words, bold, code, lines, text
from handlers.desk import Desk
from handlers.desk_joining import JOIN, asked_by, roster, wish
from handlers.tables import clipped
from handlers.turn import Answer, Turn

__all__ = ["CLOSE", "JOIN", "asked_by", "close_now", "desk_", "join_tapped", "rule_tapped", "wish"]

CLOSE = "close_desk"  # the question whether the desk shall end
_LONGEST_TITLE = 60
_SIGNS = {Role.OWNER: "👑", Role.TRADER: "🛠", Role.APPROVER: "🗳", Role.VIEWER: "👀"}
_HELP = (
    ("/desk join", "ask for a role"),
    ("/desk leave", "give it back"),
    ("/desk rule 2 of 3", "how many approve"),
    ("/desk role NAME trader", "change a role"),
    ("/desk remove NAME", "end somebody's role"),
    ("/desk link", "a second place for the desk"),
    ("/desk close", "end the desk"),
)
_NONE_YET = "There is no desk here yet. Write /desk alone, and it becomes one."

Act = Callable[[Desk, Turn, GroupDesk, str], Awaitable[Answer]]


@dataclass(frozen=True, slots=True)
class _Action:
    """What follows /desk. `right` is what it needs at the desk, None for everybody."""

    act: Act
    right: Right | None = None


async def desk_(desk: Desk, turn: Turn) -> Answer:
    """/desk: makes this group a desk, or shows the one that it is; and what can follow it."""
    word, _, rest = turn.words.partition(" ")
    if turn.incoming.private:
        return [
            texts.said(
                "A desk is for a group or a channel: people trade one account together and vote on "
                "each trade. Add me there and write /desk there."
            )
        ]
    if turn.group is None:
        return await _no_desk_yet(desk, turn, word.lower(), rest.strip())
    action = _ACTIONS.get(word.lower())
    if action is None:
        return [texts.said(f"I know no /desk {texts.echo(word)}. There are", *_help())]
    if action.right:
        seat = seats.Seat(turn.person, turn.user, turn.group, turn.role)
        if why := await seats.refusal(desk, seat, action.right, turn.incoming):
            return [Reply(text(why), personal=True)]
    return await action.act(desk, turn, turn.group, rest.strip())


async def _no_desk_yet(desk: Desk, turn: Turn, word: str, rest: str) -> Answer:
    if word == "link" and rest:
        return await desk_places.linked(desk, turn, rest)
    if word:
        return [texts.said(_NONE_YET)]
    return await _opened(desk, turn)


# --- opening and showing --------------------------------------------------------------------------


async def _opened(desk: Desk, turn: Turn) -> Answer:
    title, wall = await _title(desk, turn), desk.clock.wall()
    async with desk.memory.transactions.transaction():
        made = await desk.memory.desks.open(turn.place, title, turn.person.id, Rule(), wall)
        if made is None:  # somebody was faster
            return [texts.said("There is a desk here already. Write /desk to see it.")]
        facts = {"title": title, "place": str(turn.place)}
        actor = f"user:{turn.person.id}"
        await desk.memory.audit.record(made.account_id, actor, "desk opened", facts)
    return [
        Reply(
            lines(
                bold(f"🏛 {title} is a desk now, and {turn.person.name or 'you'} owns it."),
                "You trade one account together, with paper money. A strategy that is written to "
                "me here (/new and a sentence) belongs to all of you, and every proposal is voted "
                "on here.",
                "Tap Join to take part. The owner then chooses your role:",
                *_roles(),
                text("One approval is enough at first. Change that with ")
                + code("/desk rule 2 of 3"),
            ),
            ((join_button(),),),
        )
    ]


async def _title(desk: Desk, turn: Turn) -> str:
    """What the group is called; a plain word where that can't be asked now."""
    try:
        standing = await desk.people.standing(turn.place, turn.incoming.sender)
    except (DeliveryDelayed, DeliveryRefused):
        return "Our desk"
    return " ".join(standing.title.split())[:_LONGEST_TITLE] or "Our desk"


def join_button() -> Button:
    return Button("🙋 Join", JOIN)


def _roles() -> list[str]:
    return [
        f"{_SIGNS[Role.TRADER]} trader: strategies, closing, votes",
        f"{_SIGNS[Role.APPROVER]} approver: votes",
        f"{_SIGNS[Role.VIEWER]} viewer: looks",
    ]


async def _shown(desk: Desk, turn: Turn, group: GroupDesk, rest: str) -> Answer:
    return [await card(desk, group)]


async def card(desk: Desk, group: GroupDesk) -> Reply:
    """The desk with its people and its rule."""
    members = await desk.memory.desks.members(group.id)
    known = await roster(desk, members)
    places = await desk.memory.users.places(group.account_id)
    said: list[Words | str] = [
        bold(f"🏛 {group.title}"),
        f"Rule: {_rule_words(group.rule, members)}",
        *(f"{_SIGNS[one.role]} {known[one.user_id]} · {one.role}" for one in members),
    ]
    if waiting := await desk_joining.waiting(desk, group):
        said.append(f"🙋 Waiting for a role: {', '.join(waiting)}")
    if without := await _without_votes(desk, group):
        said.append(f"🤖 Without votes: {', '.join(without)}")
    if len(places) > 1:
        said.append(f"Its cards stand in {len(places)} places; votes from each of them count.")
    said.append("/desk help lists what you can change.")
    return Reply(lines(*said), (*_rule_rows(group.rule, members), (join_button(),)))


async def _helped(desk: Desk, turn: Turn, group: GroupDesk, rest: str) -> Answer:
    return [texts.said(bold(f"🏛 {group.title}"), "/desk – people, roles and the rule", *_help())]


def _help() -> list[Words]:
    return [code(words) + text(f" – {what}") for words, what in _HELP]


async def _without_votes(desk: Desk, group: GroupDesk) -> list[str]:
    """What runs by itself here, which whoever sets a rule should know."""
    found = await desk.memory.strategies.of(group.account_id, (StrategyState.ACTIVE,))
    return [
        f"#{one.number} {clipped(one.name, 30)} {saying.autonomy(one.autonomy)}"
        for one in found
        if one.autonomy.kind is not AutonomyKind.MANUAL
    ]


def _rule_words(rule: Rule, members: Sequence[Member]) -> str:
    can = len(voters(members))
    if rule.approvals <= can:
        return f"{rule.words(can)}."
    people = "1 person" if can == 1 else f"{can} people"
    return (
        f"{rule.approvals} must approve. ⚠️ Only {people} may vote now, so nothing can be "
        "approved: give more people a role."
    )


def _rule_rows(rule: Rule, members: Sequence[Member]) -> Rows:
    """Quick choices, once there is a choice; the present one is marked."""
    can = len(voters(members))
    if can < 2:
        return ()
    counts = range(1, min(can, 4) + 1)
    signs = {rule.approvals: "✅"} if rule.vetoes == 1 else {}
    labels = [f"{signs.get(count, '🗳')} {count} of {can}" for count in counts]
    return (tuple(Button(label, "desk_rule", count, 1) for count, label in enumerate(labels, 1)),)


# --- the rule -------------------------------------------------------------------------------------


async def _rule(desk: Desk, turn: Turn, group: GroupDesk, rest: str) -> Answer:
    members = await desk.memory.desks.members(group.id)
    if not rest:
        return [
            texts.said(f"Rule: {_rule_words(group.rule, members)}", "Change it: /desk rule 2 of 3")
        ]
    wanted = Rule.parse(rest, len(voters(members)))
    await _set_rule(desk, turn, group, wanted)
    return [texts.said(bold("🗳 Rule: ") + text(_rule_words(wanted, members)))]


async def rule_tapped(desk: Desk, turn: Turn) -> Answer:
    """A quick choice was tapped: `id` approvals, `version` vetoes."""
    if turn.group is None:
        return [texts.said(texts.NOT_MINE)]
    try:
        wanted = Rule(turn.tap.id, turn.tap.version)
    except ValueError:
        return [texts.said(texts.NOT_MINE)]
    await _set_rule(desk, turn, turn.group, wanted)
    group = await desk.memory.desks.of_account(turn.group.account_id)
    shown = await card(desk, group or turn.group)
    return [Reply(shown.words, shown.rows, edits=True)]


async def _set_rule(desk: Desk, turn: Turn, group: GroupDesk, wanted: Rule) -> None:
    async with desk.memory.transactions.transaction():
        await desk.memory.desks.set_rule(group.id, wanted)
        facts = {"approvals": wanted.approvals, "vetoes": wanted.vetoes}
        actor = f"user:{turn.person.id}"
        await desk.memory.audit.record(group.account_id, actor, "rule", facts)
        await seats.redraw_waiting(desk, group)


# --- people ---------------------------------------------------------------------------------------


async def join_tapped(desk: Desk, turn: Turn) -> Answer:
    """Join was tapped."""
    if turn.group is None:
        return [texts.said("There is no desk here any more. /desk makes one.")]
    return await asked_by(desk, turn.group, turn.incoming)


async def _join(desk: Desk, turn: Turn, group: GroupDesk, rest: str) -> Answer:
    said = await wish(desk, group, turn.incoming.sender)
    asked = await asked_by(desk, group, turn.incoming)
    return asked or [Reply(text(said), personal=True)]


async def _add(desk: Desk, turn: Turn, group: GroupDesk, rest: str) -> Answer:
    """/desk add NAME ROLE, of somebody who asked; or the way to ask."""
    name, role = _name_and_role(rest)
    if name and role and (number := await desk_joining.numbered(desk, group, name)):
        return await desk_joining.settle(desk, turn, group, number, role)
    said = f"{name[:40]} has not asked to join yet: they" if name else "Whoever wants to join"
    return [
        Reply(
            text(f"{said} tap Join here, and you choose the role with one tap."),
            ((join_button(),),),
        )
    ]


async def _role(desk: Desk, turn: Turn, group: GroupDesk, rest: str) -> Answer:
    name, role = _name_and_role(rest)
    if not (name and role):
        return [
            texts.said(
                f"Say who and what, for example /desk role Ann trader. Roles: {', '.join(Role)}."
            )
        ]
    member, called = await _member(desk, group, name)
    await _keep_an_owner(desk, group, member, role)
    wall, actor = desk.clock.wall(), f"user:{turn.person.id}"
    async with desk.memory.transactions.transaction():
        await desk.memory.desks.seat(group.id, member.user_id, role, wall)
        facts = {"user_id": member.user_id, "role": str(role)}
        await desk.memory.audit.record(group.account_id, actor, "role", facts)
        await seats.redraw_waiting(desk, group)
    return [texts.said(f"{_SIGNS[role]} {called}: {role} now.")]


def _name_and_role(rest: str) -> tuple[str, Role | None]:
    name, _, last = rest.rpartition(" ")
    roles = {str(role): role for role in Role}
    role = roles.get(last.lower())
    return (name if role else rest).strip().lstrip("@"), role


async def _member(desk: Desk, group: GroupDesk, name: str) -> tuple[Member, str]:
    """The member that is meant, with the whole name. Raises AskUser where none is, or several."""
    members = await desk.memory.desks.members(group.id)
    known = await roster(desk, members)
    wanted = name.casefold()
    exact = [one for one in members if known[one.user_id].casefold() == wanted]
    near = exact or [one for one in members if known[one.user_id].casefold().startswith(wanted)]
    if len(near) == 1:
        return near[0], known[near[0].user_id]
    names = ", ".join(known[one.user_id] for one in near or members)
    if near:
        raise AskUser(f"More than one is called so: {names}. Write the whole name.")
    raise AskUser(f"Nobody here is called {name[:40]!r}. The desk has {names}.")


async def _keep_an_owner(
    desk: Desk, group: GroupDesk, leaving: Member, role: Role | None = None
) -> None:
    members = await desk.memory.desks.members(group.id)
    others = [one for one in members if one.user_id != leaving.user_id]
    owned = any(one.role is Role.OWNER for one in others)
    if leaving.role is Role.OWNER and role is not Role.OWNER and not owned:
        raise AskUser(
            "A desk needs an owner. Make somebody else one first, with /desk role NAME owner, or "
            "end the desk with /desk close."
        )


async def _remove(desk: Desk, turn: Turn, group: GroupDesk, rest: str) -> Answer:
    if not rest:
        return [texts.said("Say who, for example /desk remove Ann.")]
    member, called = await _member(desk, group, rest.lstrip("@"))
    await _keep_an_owner(desk, group, member)
    await seats.end_role(desk, group, member.user_id, "removed", by=turn.person.id)
    return [texts.said(f"{called} has no role here any more, and no vote on what still waits.")]


async def _leave(desk: Desk, turn: Turn, group: GroupDesk, rest: str) -> Answer:
    members = await desk.memory.desks.members(group.id)
    mine = next((one for one in members if one.user_id == turn.person.id), None)
    if mine is None:
        return [Reply(text("You have no role at this desk."), personal=True)]
    await _keep_an_owner(desk, group, mine)
    await seats.end_role(desk, group, mine.user_id, "left the desk")
    return [texts.said(f"👋 {turn.person.name} has left the desk.")]


# --- the end --------------------------------------------------------------------------------------


async def _close(desk: Desk, turn: Turn, group: GroupDesk, rest: str) -> Answer:
    if why := await _open_business(desk, group):
        return [texts.said(why)]
    words = lines(
        bold(f"🏛 End the desk {group.title}?"),
        "Its account and its record stay stored, and nobody trades it any more.",
    )
    account = await desk.memory.users.get(group.account_id)
    of_desk = replace(turn, user=account, speaker=turn.person)
    return await confirm.ask(desk, of_desk, CLOSE, {"desk": group.id}, words)


async def _open_business(desk: Desk, group: GroupDesk) -> str:
    why = await Linking(desk.memory, desk.clock).open_business(group.account_id)
    if not why:
        return ""
    return (
        f"The desk can't end yet: {why}. Once trades are closed (/close all), cards decided and "
        "strategies are paused (/pause all), /desk close ends it."
    )


async def close_now(desk: Desk, turn: Turn, facts: Mapping[str, Any]) -> Answer:
    """Yes to the question above."""
    group = turn.group
    if group is None or group.id != facts["desk"]:
        return [confirm.agreed(texts.OVER)]
    if why := seats.denied(turn.role, Right.LEAD):
        return [confirm.agreed(why)]
    actor, wall = f"user:{turn.person.id}", desk.clock.wall()
    async with desk.memory.transactions.transaction():
        if why := await _open_business(desk, group):
            return [confirm.agreed(why)]
        drafts = await desk.memory.strategies.of(group.account_id, (StrategyState.DRAFT,))
        for listen in await desk.memory.heard.listens(group.account_id):
            await desk.memory.heard.unlisten(group.account_id, listen.place, wall)
        await desk.memory.desks.close(group.id, wall)
        facts = {"title": group.title, "drafts": len(drafts)}
        await desk.memory.audit.record(group.account_id, actor, "desk closed", facts)
    return [confirm.agreed(f"🏛 {group.title} is closed. /desk opens a new one here.")]


_ACTIONS: Mapping[str, _Action] = {
    "": _Action(_shown),
    "show": _Action(_shown),
    "help": _Action(_helped),
    "members": _Action(_shown),
    "rule": _Action(_rule, Right.LEAD),
    "add": _Action(_add, Right.LEAD),
    "role": _Action(_role, Right.LEAD),
    "remove": _Action(_remove, Right.LEAD),
    "link": _Action(desk_places.offered, Right.LEAD),
    "unlink": _Action(desk_places.unlinked, Right.LEAD),
    "close": _Action(_close, Right.LEAD),
    "join": _Action(_join),
    "leave": _Action(_leave),
}
