"""Words that no rule could use: guidance for the advisor, or unread and named as such."""

from dataclasses import dataclass

from agents.decision.words.items import Item
from agents.decision.words.sentence import Sentence
from agents.decision.words.tokens import Kind
from agents.decision.words.vocabulary import words

# Grammar that is used up by its neighbours, politeness, and names of styles.
_SILENT = words(
    """
    fast slow pair direction level levels mark every last first second final when and or with on
    in at it is then to for from as so ok okay hey hi hello gm bro sir mate thanks thank you i
    i'm we me us want would like could can should please let lets let's do does make need create
    build setup set up new strategy strategies bot trade trades trading position positions entry
    enter order orders market markets signal signals candle chart period price only use using by
    be will shall have has get go gets also each per here there which that this these those just
    now lfg gg wagmi dear team guys start begin open take it's buy sell into out off after coin
    crypto perp perpetual futures spot contract mode plan idea rule rules condition conditions
    mean reversion scalp scalping swing following follow style system entries play
    plays looking look wanna gonna what how about if but runner wait scale take's one way same
    time whole together both all tight move moves line band pls plz er ich möchte quiero en es
    que para por se con mi est un wenn auf mit für bei zu im am und y schließt liegt steht hits
    hit does's trigger triggers fires alert fill filled
    """
)
_DISCRETION = words(
    """
    news sentiment hype feel feels feeling looks look looking good bad strong weak nice solid
    clean ugly tweet tweets elon musk trump fed fomc cpi nfp powell headline headlines
    announcement announcements event events macro volatile choppy chop quiet calm boring
    momentum confident confidence conviction sure careful cautious patient patience aggressive
    conservative whale whales twitter reddit rumor rumors rumour funding listing listings
    upgrade hack hacks etf election dominance correlation sentimentally vibe vibes bullishness
    fear greed market mood narrative support resistance structure liquidity orderblock trendline
    trendlines pattern patterns confluence setup quality obvious healthy exhausted exhaustion
    overextended sharp sharply slowly important crowd retail institutions manipulation
    """
)
_LEADS = frozenset({"unless", "only when"})
_BREAKS = frozenset({";", ".", "\n", "!", "?"})


@dataclass(frozen=True, slots=True)
class Leftover:
    """A verbatim stretch of words. `conditional` tells that it stood where a rule was meant."""

    text: str
    discretionary: bool
    conditional: bool
    start: int


def leftovers(
    s: Sentence, items: list[Item], silent: frozenset[str] = frozenset()
) -> list[Leftover]:
    """The stretches of unknown words, joined over silent ones; `silent` adds to the usual ones."""
    found: list[Leftover] = []
    group: list[int] = []
    for at, item in enumerate([*items, Item("separator", len(s), len(s), "\n")]):
        if item.kind == "unknown" and (group or not _silent(s, item.start, silent)):
            group.append(at)
        elif group and item.kind not in {"unknown", "when"}:
            if item.kind == "separator" and item.value in {"-", "/", "|"}:
                continue
            found += _made(s, items, group, silent)
            group = []
    return found


def _silent(s: Sentence, i: int, more: frozenset[str]) -> bool:
    word = s.at(i)
    if word.kind in {Kind.NUMBER, Kind.TIME}:
        return False
    if word.kind is Kind.MARK:
        return True
    if word.raw in more:
        return True
    return word.raw in _SILENT or (word.label in _SILENT and word.label not in {"no", "not"})


def _made(
    s: Sentence, items: list[Item], group: list[int], silent: frozenset[str]
) -> list[Leftover]:
    while group and _silent(s, items[group[-1]].start, silent):
        group.pop()
    if not group:
        return []
    first, last = items[group[0]], items[group[-1]]
    lead = _lead(items, group[0])
    raws = {s.at(i).raw for i in range(first.start, last.end)}
    discretionary = bool(raws & _DISCRETION)
    conditional = lead is not None
    start = first.start
    if lead is not None and lead.kind in _LEADS:
        start, discretionary = lead.start, True
    return [Leftover(s.verbatim(start, last.end).strip(), discretionary, conditional, start)]


def _lead(items: list[Item], at: int) -> Item | None:
    """The `when`, `unless` or condition that the words at `at` belong to."""
    for item in reversed(items[:at]):
        if item.kind == "separator" and item.value in _BREAKS:
            return None
        if item.kind in {"when", "unless", "only when", "cond", "manage"}:
            return item
        if item.kind not in {"unknown", "separator"}:
            return None
    return None
