"""Which tokens of a sentence name a market."""

from dataclasses import replace

from agents.decision.words.phrases import KNOWN_WORDS, SPELLER
from agents.decision.words.spelling import is_real_word
from agents.decision.words.tokens import Kind, Token
from agents.decision.words.vocabulary import words
from agents.domain.market import Universe
from agents.domain.symbols import COIN_NAMES, QUOTES, find

_SIDES = words(
    """
    long short buy sell longing shorting trade trading scalp swing on for fade compra kauf kaufe
    buying selling longs shorts accumulate watch enter add coin pair symbol market remove drop
    """
)
_NAMING = words("long short buy sell buying selling compra kauf kaufe longs shorts vende")
# Tickers that are English words too; meant when a sentence names no other market.
_DOUBTFUL = words(
    "near link dot atom op apt sand etc dash neo ape comp mana rune cake ton mask one gala ens gas"
)
# Names of coins that mean something else in most sentences.
_DOUBTFUL_NAMES = words(
    "jupiter curve maker dash stacks fetch render cosmos terra sandbox stellar optimism polygon"
    " avalanche ripple compound iota neo immutable"
)
_CONTRACTS = frozenset({"perp", "perpetual", "swap", "perps", "p", "futures", "future"})
_QUOTES = frozenset(quote.lower() for quote in QUOTES)
_UNITS = words(
    """
    m min mins minute minutes h hr hour hours hourly d day daily w week weekly stunde hora
    """
)
_ENDS = frozenset({"when", "if", "on", "once", ",", ":", ";", "\n", "at", "whenever", "and", "or"})


def mark_symbols(tokens: list[Token], universe: Universe) -> list[Token]:
    """`tokens` with each name of a market joined into one SYMBOL (or STRANGER) token."""
    found = _marked(tokens, universe)
    if any(token.kind in {Kind.SYMBOL, Kind.STRANGER} for token in found):
        return found
    return [_doubtful(token, universe) for token in found]


def _doubtful(token: Token, universe: Universe) -> Token:
    instrument = find(token.text, universe) if token.text in _DOUBTFUL | _DOUBTFUL_NAMES else None
    return replace(token, kind=Kind.SYMBOL, text=instrument.symbol) if instrument else token


def _marked(tokens: list[Token], universe: Universe) -> list[Token]:
    found: list[Token] = []
    at = 0
    shouting = _shouting(tokens)
    while at < len(tokens):
        symbol, taken = _symbol(tokens, at, universe, shouting)
        if symbol is not None:
            found.append(symbol)
            at += taken
        else:
            found.append(tokens[at])
            at += 1
    return found


def _shouting(tokens: list[Token]) -> bool:
    """Whether the sentence is written in capitals, which then say nothing."""
    words = [token for token in tokens if token.kind is Kind.WORD and len(token.text) > 2]
    return sum(token.capitals for token in words) * 2 > len(words)


def _symbol(
    tokens: list[Token], at: int, universe: Universe, shouting: bool
) -> tuple[Token | None, int]:
    if tokens[at].text in {"$", "#"} and _is_word(tokens, at + 1) and tokens[at + 1].glued:
        joined, taken = _pair(tokens, at + 1)
        return _named(tokens, at, taken + 1, joined, universe, sure=True)
    if tokens[at].kind is Kind.NUMBER and _is_word(tokens, at + 1) and tokens[at + 1].glued:
        joined = tokens[at].text + tokens[at + 1].text  # 1000PEPE, 1INCH
        if tokens[at + 1].text not in _UNITS and find(joined, universe):
            return _named(tokens, at, 2, joined, universe, sure=False)
        return None, 0
    if tokens[at].kind is not Kind.WORD:
        return None, 0
    joined, taken = _pair(tokens, at)
    if taken > 1 or _ends_like_quote(joined):
        return _named(tokens, at, taken, joined, universe, sure=taken > 1)
    return _single(tokens, at, universe, shouting)


def _is_word(tokens: list[Token], at: int) -> bool:
    return at < len(tokens) and tokens[at].kind is Kind.WORD


def _pair(tokens: list[Token], at: int) -> tuple[str, int]:
    """The spelling that begins at `at`, with quote and contract where they follow."""
    joined, taken = tokens[at].text, 1
    while at + taken + 1 < len(tokens):
        sign, word = tokens[at + taken], tokens[at + taken + 1]
        loose = sign.text == "/" and word.text in _QUOTES
        tight = sign.glued and word.glued and sign.text in {"/", "-", ":", "."}
        if not (loose or tight) or word.text not in _QUOTES | _CONTRACTS:
            break
        joined, taken = joined + sign.text + word.text, taken + 2
    if _is_word(tokens, at + taken) and tokens[at + taken].text in {"perp", "perps", "perpetual"}:
        taken += 1
    elif taken == 1 and _is_word(tokens, at + 1) and tokens[at + 1].text in {"usdt", "usd", "usdc"}:
        joined, taken = f"{joined}/{tokens[at + 1].text}", 2
    return joined, taken


def _ends_like_quote(word: str) -> bool:
    plain = word.replace("_", "").replace("/", "")
    return len(plain) > 5 and plain.endswith(("usdt", "usdc", "usd", "busd", "perp"))


def _named(
    tokens: list[Token], at: int, taken: int, joined: str, universe: Universe, *, sure: bool
) -> tuple[Token | None, int]:
    first, last = tokens[at], tokens[at + taken - 1]
    instrument = find(joined, universe)
    if instrument is not None:
        return replace(first, kind=Kind.SYMBOL, text=instrument.symbol, end=last.end), taken
    base = joined.split("/", maxsplit=1)[0].split("-", maxsplit=1)[0]
    if base in KNOWN_WORDS or (is_real_word(base) and first.text != "$"):
        return None, 0
    if sure or _ends_like_quote(joined):
        return replace(first, kind=Kind.STRANGER, text=joined, end=last.end), taken
    return None, 0


def _single(
    tokens: list[Token], at: int, universe: Universe, shouting: bool
) -> tuple[Token | None, int]:
    """One word: a ticker, a coin's name, or an English word that is also a ticker."""
    token = tokens[at]
    word = token.text.removesuffix("'s")
    common = word in KNOWN_WORDS or word in _DOUBTFUL_NAMES or is_real_word(word)
    instrument = find(word, universe) if len(word) > 1 else None
    if instrument is None:
        return _mistyped(tokens, at, word, universe, common)
    meant = not common or (token.capitals and not shouting) or _named_after_side(tokens, at)
    if not meant:
        return None, 0
    return replace(token, kind=Kind.SYMBOL, text=instrument.symbol), 1


def _mistyped(
    tokens: list[Token], at: int, word: str, universe: Universe, common: bool
) -> tuple[Token | None, int]:
    if common:
        return None, 0
    meant = SPELLER.correct(word)
    if meant in COIN_NAMES and (instrument := find(meant, universe)):
        return replace(tokens[at], kind=Kind.SYMBOL, text=instrument.symbol), 1
    named = tokens[at - 1].text in _NAMING if at else True
    if meant is None and len(word) > 1 and named and _named_after_side(tokens, at):
        return replace(tokens[at], kind=Kind.STRANGER, text=word), 1
    return None, 0


def _named_after_side(tokens: list[Token], at: int) -> bool:
    """Whether the word stands where a market is named: `long near 15m`, `short dot when ...`."""
    if at == 0:
        return len(tokens) > 2 and _timed(tokens, 1)
    if tokens[at - 1].text not in _SIDES or tokens[at - 1].kind is not Kind.WORD:
        return False
    if at + 1 >= len(tokens):
        return True
    return _timed(tokens, at + 1) or tokens[at + 1].text in _ENDS


def _timed(tokens: list[Token], at: int) -> bool:
    """Whether a timeframe is written at `at`."""
    if tokens[at].kind is Kind.NUMBER:
        return at + 1 < len(tokens) and tokens[at + 1].text in _UNITS
    return tokens[at].text in {"daily", "hourly", "weekly"}
