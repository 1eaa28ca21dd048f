"""More than one strategy in a sentence, and rules that look at another market."""

from agents.decision.words.draft import Draft
from agents.decision.words.items import Item
from agents.decision.words.roles import ENTRIES
from agents.decision.words.scan import STRONG

_MANY = frozenset({"another", "second", "other", "strategies"})


def second_strategy(draft: Draft) -> None:
    """Keep the first of two strategies, name the words of the second, and ask."""
    at = _second(draft)
    if at is None:
        return
    start = draft.items[at].start
    rest = draft.s.verbatim(start, len(draft.s))
    draft.items = draft.items[:at]
    draft.ask(
        "strategies",
        "These are two strategies in one sentence. I read the first one; send the other by itself.",
        "Only the first",
    )
    draft.leave(rest)


def _second(draft: Draft) -> int | None:
    """The index of the item where another strategy begins."""
    first: tuple[set[str], set[str]] | None = None
    for start, end in _clauses(draft):
        part = draft.items[start:end]
        if not any(item.kind == "act" and item.value in ENTRIES for item in part):
            continue
        symbols = {item.value for item in part if item.kind == "symbol"}
        frames = {item.value for item in part if item.kind == "timeframe"}
        if first is None:
            before = {item.value for item in draft.items[:start] if item.kind == "symbol"}
            first = (symbols | before, frames)
            continue
        if symbols and first[0] and not symbols & first[0]:
            return start
        if frames and first[1] and not frames & first[1]:
            return start
        if _numbered(draft, part):
            return start
        first = (first[0] | symbols, first[1] | frames)
    return None


def _numbered(draft: Draft, part: list[Item]) -> bool:
    raws = {draft.s.at(item.start).raw for item in part if item.kind == "unknown"}
    return bool(raws & {"another", "second"} and raws & {"strategy", "one", "bot", "second"})


def _clauses(draft: Draft) -> list[tuple[int, int]]:
    """Stretches of items between separators, or an `and` before a new action or market."""
    cuts = [0]
    for at, item in enumerate(draft.items):
        if item.kind == "separator" and (item.value in STRONG or item.value == ","):
            cuts.append(at + 1)
        elif item.kind == "unknown" and draft.s.label(item.start) in {"and", "when", "or"}:
            after = draft.items[at + 1] if at + 1 < len(draft.items) else None
            if after and (after.kind in {"act", "symbol"}):
                cuts.append(at)
    return [
        (start, end)
        for start, end in zip(cuts, [*cuts[1:], len(draft.items)], strict=True)
        if end > start
    ]


def without_foreign_conditions(draft: Draft) -> None:
    """A rule sees only its own market: `short SOL when BTC drops 5%` can't be checked."""
    traded: set[str] = set()
    kept: list[Item] = []
    led = False
    items = draft.items
    for at, item in enumerate(items):
        after = items[at + 1] if at + 1 < len(items) else None
        foreign = (
            item.kind == "symbol" and led and traded and item.value not in traded
            and after is not None and after.kind == "cond"
        )  # fmt: skip
        if foreign and after is not None:
            words = draft.s.verbatim(item.start, after.end)
            draft.ask(
                "entry",
                f"A rule can only look at the market that it trades; I can't check “{words}”. Leave"
                " it out, or trade that market.",
                essential=True,
            )
            draft.leave(words)
            items[at + 1] = Item("dropped", after.start, after.end)
            continue
        if item.kind == "symbol":
            traded.add(item.value)
        led = item.kind in {"when", "only when", "unless"} or (led and item.kind == "unknown") or (
            item.kind == "cond" and led
        )  # fmt: skip
        kept.append(item)
    draft.items = [item for item in kept if item.kind != "dropped"]
