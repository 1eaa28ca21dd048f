"""Which condition belongs to which action: entries, exits, and their sides."""

from dataclasses import dataclass, field

from agents.decision.words.conditions import Condition, Every, Negated, flat
from agents.decision.words.items import Item, Limit, Role

ENTRIES = (Role.LONG, Role.SHORT, Role.ENTER, Role.SELL)
EXITS = (Role.EXIT, Role.EXIT_LONG, Role.EXIT_SHORT)


@dataclass
class Action:
    """An action with the conditions that were given for it."""

    role: Role | None
    at: int
    conditions: list[Condition] = field(default_factory=list)
    filters: list[Condition] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Said:
    """A condition between two actions. `fresh`: it begins a clause; `led`: `when` precedes it."""

    item: Item
    fresh: bool
    led: bool
    filter: bool
    negated: bool
    only: Role | None


def actions(items: list[Item]) -> list[Action]:
    """Every action with its conditions; conditions without one come under an action of no role."""
    acts = [at for at, item in enumerate(items) if item.kind == "act"]
    gaps = [
        _said(items, start, end)
        for start, end in zip([-1, *acts], [*acts, len(items)], strict=True)
    ]
    found = [Action(_role(items[at]), items[at].start) for at in acts]
    if not found:
        lone = Action(None, 0)
        _give(lone, gaps[0])
        return [lone] if lone.conditions or lone.filters else []
    _give(found[0], gaps[0])
    for index, gap in enumerate(gaps[1:-1]):
        ahead = _belongs_ahead(gap, bool(found[index].conditions), _leads(items, acts[index + 1]))
        _give(found[index], gap[: len(gap) - ahead])
        _give(found[index + 1], gap[len(gap) - ahead :])
    _give(found[-1], gaps[-1])
    return found


def _role(item: Item) -> Role | None:
    return item.value if isinstance(item.value, Role) else None


def _said(items: list[Item], start: int, end: int) -> list[_Said]:
    """The conditions strictly between two actions."""
    found: list[_Said] = []
    lead: Item | None = None
    fresh = start < 0
    for item in items[start + 1 : end]:
        if item.kind in {"when", "unless", "only when"}:
            lead = item
        elif item.kind == "cond":
            kind = lead.kind if lead else ""
            only = lead.value if lead and isinstance(lead.value, Role) else None
            is_filter = kind in {"unless", "only when"}
            found.append(_Said(item, fresh, bool(lead), is_filter, kind == "unless", only))
            lead, fresh = None, False
        elif item.kind == "separator":
            fresh, lead = True, None
        elif item.kind not in {"symbol", "timeframe", "unknown"}:
            fresh, lead = fresh or start >= 0, None
    return found


def _leads(items: list[Item], at: int) -> bool:
    """Whether the action at `at` is followed by a condition of its own."""
    for item in items[at + 1 :]:
        if item.kind in {"cond", "when", "only when", "unless"}:
            return True
        if item.kind in {"symbol", "timeframe"} or (
            item.kind == "unknown"
            or (item.kind == "separator" and item.value in {":", "-", "then"})
        ):
            continue
        return False
    return False


def _belongs_ahead(gap: list[_Said], served: bool, next_leads: bool) -> int:
    """How many of the conditions at the end of a gap belong to the action after it."""
    if next_leads or not gap:
        return 0
    if not gap[-1].fresh or gap[-1].filter:
        return len(gap) if served and not gap[0].filter else 0
    if len(gap) == 1 and not served and not gap[-1].led:
        return 0
    return 1


def _give(action: Action, said: list[_Said]) -> None:
    for one in said:
        condition: Condition = one.item.value
        given: Condition = Negated(condition) if one.negated else condition
        (action.filters if one.filter else action.conditions).append(given)


# --- putting sides together -------------------------------------------------------------------


@dataclass
class Sided:
    """Conditions by slot, before they are text.

    `doubled` names slots that were given twice; `begun` are sides whose rule was begun by a word
    like `entry`, so that what follows joins it.
    """

    entry: dict[bool, Condition] = field(default_factory=dict)  # by: is it long?
    exit: dict[bool, Condition] = field(default_factory=dict)
    open_entry: Condition | None = None
    wanted: set[bool] = field(default_factory=set)
    exit_of_both: bool = False
    doubled: list[str] = field(default_factory=list)
    begun: set[bool] = field(default_factory=set)
    sell_is_short: bool = False


def by_side(found: list[Action], limit: Limit | None) -> Sided:
    """The conditions of `found` sorted into entries and exits of each side."""
    sides = Sided()
    longs = any(action.role is Role.LONG for action in found)
    shorts = any(action.role is Role.SHORT for action in found)
    current: bool | None = None
    for action in found:
        role = _settled(action.role, longs, shorts or limit is Limit.BOTH, sides)
        if role in {Role.LONG, Role.SHORT}:
            current = role is Role.LONG
            sides.wanted.add(current)
            _enter(sides, current, action)
        elif role in EXITS:
            _leave(sides, role, current, action, limit)
        else:
            _enter_somewhere(sides, action, longs, shorts, limit)
    return sides


def _settled(role: Role | None, longs: bool, both: bool, sides: Sided) -> Role | None:
    """Selling is the exit of a long where there is one, and otherwise a short."""
    if role is not Role.SELL:
        return role
    if longs and not both:
        return Role.EXIT_LONG
    sides.sell_is_short = not both
    return Role.SHORT


def _joined(action: Action) -> Condition | None:
    parts = (*action.conditions, *action.filters)
    if not parts:
        return None
    return parts[0] if len(parts) == 1 else Every("and", flat("and", parts))


def _enter(sides: Sided, long: bool, action: Action) -> None:
    whole = _joined(action)
    if whole is None:
        return
    whole = whole.sided(long)
    if long not in sides.entry:
        sides.entry[long] = whole
    elif action.conditions and long not in sides.begun:
        sides.entry[long] = Every("or", flat("or", (sides.entry[long], whole)))
        sides.doubled.append("long" if long else "short")
    else:
        sides.entry[long] = Every("and", flat("and", (sides.entry[long], whole)))


def _leave(
    sides: Sided, role: Role, current: bool | None, action: Action, limit: Limit | None
) -> None:
    whole = _joined(action)
    if whole is None:
        return
    if role is not Role.EXIT:
        targets = {role is Role.EXIT_LONG}
    elif len(sides.wanted) > 1 and not sides.exit:
        targets, sides.exit_of_both = {True, False}, True
    elif current is not None:
        targets = {current}
    else:
        targets = {limit is not Limit.SHORT}
    for long in targets:
        new = whole.sided(not long)
        both = (sides.exit[long], new) if long in sides.exit else (new,)
        sides.exit[long] = both[0] if len(both) == 1 else Every("or", flat("or", both))


def _enter_somewhere(
    sides: Sided, action: Action, longs: bool, shorts: bool, limit: Limit | None
) -> None:
    """An entry whose side is said elsewhere, or not at all."""
    whole = _joined(action)
    if whole is None:
        return
    wanted: set[bool] = set()
    if limit in {Limit.LONG, Limit.SHORT}:
        wanted = {limit is Limit.LONG}
    if longs != shorts:
        wanted = {longs}
    for long in wanted:
        sides.wanted.add(long)
        # what `entry` adds to a side that has a rule is one more condition, not another way in
        filters = [*action.conditions, *action.filters]
        first = long not in sides.entry
        if first:
            sides.begun.add(long)
        _enter(sides, long, action if first else Action(None, action.at, [], filters))
    if not wanted:
        both = (sides.open_entry, whole) if sides.open_entry else (whole,)
        sides.open_entry = both[0] if len(both) == 1 else Every("and", flat("and", both))
