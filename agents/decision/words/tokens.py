"""A sentence cut into tokens that remember where they stood."""

import re
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum, auto


class Kind(Enum):
    """What a token is to the reader."""

    NUMBER = auto()
    TIME = auto()  # 08:30, also a ratio such as 1:3 while nobody knows better
    WORD = auto()
    MARK = auto()
    BREAK = auto()  # the end of a line
    NOISE = auto()  # emoji and ornaments: no meaning to lose
    SYMBOL = auto()  # a market that is on offer; `text` is BASE/QUOTE
    STRANGER = auto()  # looks like a market, and is none
    END = auto()


@dataclass(frozen=True, slots=True)
class Token:
    """`text` is lower case and in plain signs; `start` and `end` are indexes in the sentence.

    `glued` is true when nothing stands between this token and the one before; `capitals` when
    it was written in capitals only.
    """

    kind: Kind
    text: str
    start: int
    end: int
    glued: bool = False
    value: Decimal = Decimal(0)
    capitals: bool = False


_SCAN = re.compile(
    r"""
      (?P<time>\d{1,2}:\d{1,2}(?![\d:]))
    | (?P<number>\d+(?:[.,'_]\d+)*|\.\d+)
    | (?P<word>[^\W\d_]+(?:['’_][^\W\d_]+)*)
    | (?P<mark><=|>=|=>|=<|==|!=|<>|->|→|≤|≥|≠|&&|\|\||[-–—−+*/×<>=%$€£@&|#()\[\]{},;:.!?°'"’“”~^])
    | (?P<break>\n+)
    | (?P<space>[^\S\n]+)
    | (?P<noise>.)
    """,
    re.VERBOSE | re.DOTALL,
)

_PLAIN = str.maketrans({"–": "-", "—": "-", "−": "-", "×": "x", "’": "'", "“": '"', "”": '"'})
_SIGNS = {"≤": "<=", "=<": "<=", "≥": ">=", "==": "=", "→": "->", "&&": "&", "||": "|"}
_KILO = re.compile(r"[kK](?![^\W\d_])")
_DEFAULT_LENGTH = 6000

_THOUSANDS = re.compile(r"\d{1,3}(?:[,'_]\d{3})+(?:\.\d+)?")
_DOTTED_THOUSANDS = re.compile(r"\d{1,3}(?:\.\d{3}){2,}(?:,\d+)?|\d{1,3}\.\d{3},\d+")
_DECIMAL_COMMA = re.compile(r"\d+,\d{1,2}")
_PLAIN_NUMBER = re.compile(r"\d*\.?\d+|\d+")
_FEW_DIGITS = 20


def tokenize(sentence: str, limit: int = _DEFAULT_LENGTH) -> list[Token]:
    """Every token of the first `limit` characters, in order; white space is left out."""
    tokens: list[Token] = []
    at, end = 0, 0
    while at < min(len(sentence), limit):
        match = _SCAN.match(sentence, at)
        if match is None:
            break
        glued = bool(tokens) and end == at
        if match.lastgroup == "number":
            tokens += _numbers(sentence, match, glued, tokens)
            at = tokens[-1].end
        else:
            at = match.end()
            tokens += _token(match, glued)
        if match.lastgroup != "space":
            end = at
    return tokens


def _token(match: "re.Match[str]", glued: bool) -> list[Token]:
    start, end, text = match.start(), match.end(), match.group()
    match match.lastgroup:
        case "space":
            return []
        case "word":
            lower = text.lower().translate(_PLAIN)
            return [Token(Kind.WORD, lower, start, end, glued, capitals=text.isupper())]
        case "mark":
            plain = text.translate(_PLAIN)
            kind = Kind.WORD if plain == "x" else Kind.MARK  # the sign of multiplication
            return [Token(kind, _SIGNS.get(plain, plain), start, end, glued)]
    kinds = {"time": Kind.TIME, "break": Kind.BREAK}
    kind = kinds.get(match.lastgroup or "", Kind.NOISE)
    return [Token(kind, "\n" if kind is Kind.BREAK else text, start, end, glued)]


def _numbers(
    sentence: str, match: "re.Match[str]", glued: bool, before: list[Token]
) -> list[Token]:
    """One number, or several where commas only list them: `12,26,9`."""
    text, start = match.group(), match.start()
    whole = _single(text, in_list=_in_list(sentence, match.end(), before))
    if whole is not None:
        end = match.end()
        if kilo := _KILO.match(sentence, end):
            whole, end = whole * 1000, kilo.end()
        return [Token(Kind.NUMBER, text, start, end, glued, whole)]
    found: list[Token] = []
    for part in re.finditer(r"[\d.]*\d|[,'_.]", text):
        kind = Kind.NUMBER if part.group()[-1].isdecimal() else Kind.MARK
        value = _plain(part.group()) if kind is Kind.NUMBER else Decimal(0)
        at = start + part.start()
        joined = glued if not found else True
        found.append(Token(kind, part.group(), at, start + part.end(), joined, value))
    return found


def _in_list(sentence: str, end: int, before: list[Token]) -> bool:
    """Whether a comma here separates parameters: `bb(20,2)` but not `TP (1,5 %)`."""
    if not before or before[-1].text not in {"(", ","}:
        return False
    rest = sentence[end : end + 3].lstrip()
    return rest[:1] in {")", ","}


def _single(text: str, in_list: bool) -> Decimal | None:
    """The value of `text` read as one number; None when it is a list."""
    if _THOUSANDS.fullmatch(text) and not in_list:
        return _plain(re.sub(r"[,'_]", "", text))
    if _DOTTED_THOUSANDS.fullmatch(text):
        return _plain(text.replace(".", "").replace(",", "."))
    if _DECIMAL_COMMA.fullmatch(text) and not in_list:
        return _plain(text.replace(",", "."))
    return _plain(text) if _PLAIN_NUMBER.fullmatch(text) else None


def _plain(text: str) -> Decimal:
    """A decimal of a few digits; what nobody means as a price is cut to nines."""
    digits = "".join(str(int(sign)) if sign.isdecimal() else sign for sign in text)
    if digits.count(".") > 1:
        digits = digits.replace(".", "", digits.count(".") - 1)
    whole, _, part = digits.partition(".")
    if len(whole) > _FEW_DIGITS:
        return Decimal("9" * _FEW_DIGITS)
    return Decimal(f"{whole or 0}.{part[:_FEW_DIGITS] or 0}").normalize() + 0
