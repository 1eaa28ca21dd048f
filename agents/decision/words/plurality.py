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
    led, at = False, 0
    while at < len(draft.items):
        item = draft.items[at]
        end = _foreign_end(draft, at) if item.kind == "symbol" and led else at
        if end > at and traded and item.value not in traded:
            _name_foreign(draft, item.start, draft.items[end - 1].end)
            at = end
            continue
        if item.kind == "symbol":
            traded.add(item.value)
        led = item.kind in {"when", "only when", "unless"} or (
            led and item.kind in {"unknown", "cond", "timeframe"}
        )
        kept.append(item)
        at += 1
    draft.items = kept


def _foreign_end(draft: Draft, at: int) -> int:
    """The item after what is said of the market at `at`; `at` itself when nothing is."""
    end = at + 1
    while end < len(draft.items):
        item = draft.items[end]
        joins = item.kind == "unknown" and not draft.s.has(item.start, "and", "or", "with")
        if not (joins or item.kind in {"cond", "timeframe"}):
            break
        end += 1
    said = any(item.kind != "timeframe" for item in draft.items[at + 1 : end])
    return end if said else at


def _name_foreign(draft: Draft, start: int, end: int) -> None:
    words = draft.s.verbatim(start, end)
    draft.ask(
        "entry",
        f"A rule can only look at the market that it trades; I can't check “{words}”. Leave it"
        " out, or trade that market.",
    )
    draft.leave(words)
