"""What no sentence may do, however it is put."""

from agents.decision.words.context import Context
from agents.decision.words.items import Item
from agents.decision.words.vocabulary import words

_AGAINST = words(
    """
    ignore bypass disable override forget skip remove turn lift drop disregard switch break
    """
)
_GUARDS = words(
    """
    limit limits rule rules safety restriction restrictions instruction instructions check
    checks guardrail guardrails cap caps approval approvals confirmation confirmations
    protection protections risk prompt warnings
    """
)
_MOVING = frozenset(["withdraw", "withdrawal", "withdrawals", "transfer", "send", "wire"])
_RECKLESS = frozenset(["yolo", "martingale"])


def refusal(c: Context, i: int) -> Item | None:
    """Words that ask to leave the limits, to move money away, or to bet everything."""
    return _limits(c, i) or _away(c, i) or _everything(c, i) or _doubling(c, i)


def _limits(c: Context, i: int) -> Item | None:
    s = c.s
    if s.at(i).raw in _AGAINST:
        for j in range(i + 1, min(i + 6, len(s))):
            if s.at(j).raw in _GUARDS and s.at(j).raw != "rule":
                end = next(k for k in range(j + 1, len(s) + 1) if s.at(k).raw not in _GUARDS)
                return Item("refused", i, end, "limits")
            if s.label(j) in {".", ";", "\n", ","}:
                break
    if s.has(i, "no") and s.at(i + 1).raw in {
        "limit",
        "limits",
        "approval",
        "approvals",
        "confirmation",
    }:
        return Item("refused", i, i + 2, "limits")
    without = s.has(i, "no") or s.at(i).raw == "without"
    if without and s.at(i + 1).raw in {"asking", "confirming", "approving"}:
        return Item("refused", i, i + 2, "approval")
    return None


def _away(c: Context, i: int) -> Item | None:
    s = c.s
    if s.at(i).raw not in _MOVING:
        return None
    end = i + 1
    while end < min(len(s), i + 10) and s.label(end) not in {".", ";", "\n", ",", "and"}:
        end += 1
    return Item("refused", i, min(end, len(s)), "money")


def _everything(c: Context, i: int) -> Item | None:
    s = c.s
    start, j = i, i
    if s.has(j, "move"):
        j += 1
    if s.has(j, "all") and s.has(j + 1, "in"):
        return Item("refused", start, j + 2, "all in")
    if s.at(i).raw in _RECKLESS:
        return Item("refused", i, i + 1, s.at(i).raw)
    if s.at(i).raw in {"full", "max", "maximum"} and s.has(
        i + 1, "leverage", "size", "margin", "capital", "risk"
    ):
        return Item("refused", i, i + 2, f"{s.at(i).raw} {s.at(i + 1).raw}")
    if s.has(i, "risk") and s.has(s.skip(i + 1, "it"), "all") and not s.has(i + 2, "capital"):
        return Item("refused", i, s.skip(i + 1, "it") + 1, "all in")
    if s.has(i, "all") and s.has(i + 1, "capital"):
        return Item("refused", i, i + 2, "all in")
    return None


def _doubling(c: Context, i: int) -> Item | None:
    s = c.s
    if s.has(i, "twice") and s.has(i + 1, "down"):
        return Item("refused", i, i + 2, "doubling down")
    if s.has(i, "average") and s.has(i + 1, "down") and not s.has(i - 1, "volume"):
        return Item("refused", i, i + 2, "averaging down")
    return None
