"""The named values of a webhook's body, under one name for each of their many spellings."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from agents.signals.hook_refusals import BadValue
from agents.signals.reading.numbers import number

# What a name means, by its letters and digits alone.
_SPELLINGS: dict[str, str] = {
    "symbol": "symbol ticker pair coin instrument asset tickerid",
    "side": "side action signal direction orderaction orderside positionside strategyorderaction",
    "position": "marketposition strategymarketposition",
    "entry": """entry entryprice limitprice limit entries entryzone entrymin entrylow entrymax
        entryhigh entry1 entry2""",
    "price": "price orderprice strategyorderprice",
    "close": "close lastprice currentprice",
    "stop": "sl stop stoploss stopprice stoplossprice slprice",
    "stop percent": "stoplosspercent slpercent slpct stoppercent stoplosspct stoplosspercentage",
    "target": """tp takeprofit takeprofits target targets tps takeprofitprice tpprice
        takeprofittargets takeprofitprices""",
    "target percent": "takeprofitpercent tppercent tppct takeprofitpct",
    "long stop": "longsl longstop",
    "short stop": "shortsl shortstop",
    "long target": "longtp longtarget",
    "short target": "shorttp shorttarget",
    "leverage": "leverage lev",
    "type": "type ordertype",
    "time": "time timestamp timenow alerttime date datetime ts",
    "id": "id alertid signalid idempotencykey uuid messageid",
    "message": """message text content comment alertmessage msg ordercomment
        strategyorderalertmessage note description""",
    "close position": "closeposition closeall",
    # known, and of no use here: how much is traded is decided by the account's own limits
    "": """quantity qty volume amount contracts size positionsize exchange interval timeframe open
        high low tag ordermode cancelorders subaccount account strategyname strategy name trend
        prevpositionsize risk bot botid currency base quote paramside broker user""",
}
_MEANINGS = {name: meaning for meaning, names in _SPELLINGS.items() for name in names.split()}
_NUMBERED = re.compile(r"(?:tp|t|target|takeprofit|takeprofitprice)\d{1,2}(?:price)?")
_SECRET = re.compile(r"key|pass|token|secret|pin|auth|credential|signature", re.I)
# Objects whose fields count as if they stood at the top.
_SHELLS = frozenset(
    (
        "signal",
        "data",
        "alert",
        "order",
        "payload",
        "params",
        "strategy",
        "trade",
        "message",
        "body",
    )
)
_INSIDE = frozenset({"price", "value", "level"})
_LATEST = 4_102_444_800  # 2100-01-01 in seconds
_LONGEST_TEXT = 4_000
_NONE = frozenset({"", "none", "null", "na", "n/a", "-"})


@dataclass(slots=True)
class Fields:
    """`values` by meaning, each with the name that the sender gave it."""

    values: dict[str, list[tuple[str, Any]]] = field(default_factory=dict)
    kept: list[str] = field(default_factory=list)
    all_known: bool = True

    def text(self, meaning: str) -> str:
        """The one text under a meaning. Raises BadValue where there are two."""
        said = {str(value).strip(): name for name, value in self.values.get(meaning, ())}
        said.pop("", None)
        if len(said) > 1:
            raise BadValue(f"{' and '.join(said.values())} say two things: {', '.join(said)[:80]}.")
        return next(iter(said), "")

    @property
    def symbol(self) -> str:
        """Of two spellings of the same market the longer one."""
        said = [str(value).strip() for _, value in self.values.get("symbol", ())]
        bare = {re.sub(r"[^A-Z0-9]", "", one.upper().rpartition(":")[2]) for one in said if one}
        if len(bare) > 1:
            raise BadValue(f"Two symbols are named: {', '.join(said)[:80]}.")
        return max(said, key=len, default="")[:40]

    @property
    def side(self) -> str:
        return self.text("side").lower()[:40]

    @property
    def message(self) -> str:
        return " ".join(str(value) for _, value in self.values.get("message", ()))[:_LONGEST_TEXT]

    @property
    def key(self) -> str:
        return self.text("id")[:200]

    @property
    def time(self) -> datetime | None:
        """Raises BadValue for what is no time."""
        said = self.text("time")
        return _moment(said) if said else None

    def prices(self, meaning: str) -> list[Decimal]:
        """Raises BadValue naming what is no price."""
        found = []
        for name, value in self.values.get(meaning, ()):
            found += [price(name, one) for one in _listed(value) if not _is_none(one)]
        return found

    def words(self) -> str:
        """What may be kept of the body."""
        return "\n".join(self.kept)[:_LONGEST_TEXT]


def gather(body: Mapping[str, Any]) -> Fields:
    """The fields of a body. Raises BadValue for values of the wrong shape."""
    found = Fields()
    _gather(body, found, outer="")
    return found


def _gather(body: Mapping[str, Any], found: Fields, outer: str) -> None:
    for name, value in body.items():
        low = re.sub(r"[^a-z0-9]", "", str(name).lower())
        if isinstance(value, Mapping) and (low in _SHELLS or low == "order"):
            _gather(value, found, f"{outer}{low}")
            continue
        meaning = _MEANINGS.get(low) or _MEANINGS.get(outer + low)
        if meaning is None and _NUMBERED.fullmatch(low):
            meaning = "target"
        known = meaning is not None or low in _MEANINGS
        found.all_known = found.all_known and known
        if not _SECRET.search(str(name)) or meaning == "id":
            found.kept.append(f"{str(name)[:40]}: {_shown(value)}")
        if meaning:
            found.values.setdefault(meaning, []).append((str(name)[:40], value))


def _shown(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{k}: {_shown(v)}" for k, v in list(value.items())[:20]) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_shown, value[:20])) + "]"
    return str(value)[:500]


def _listed(value: Any) -> Iterator[Any]:
    if isinstance(value, list):
        for one in value[:40]:
            yield from _listed(one)
    elif isinstance(value, Mapping):
        inside = [one for name, one in value.items() if str(name).lower() in _INSIDE]
        yield inside[0] if inside else "an object without a price"
    elif isinstance(value, str) and re.search(r"\d\s*[,;|]\s+\S|;|\|", value):
        yield from filter(None, map(str.strip, re.split(r"[,;|]", value)))
    else:
        yield value


def _is_none(value: Any) -> bool:
    return value is None or str(value).strip().lower() in _NONE


def price(name: str, value: Any) -> Decimal:
    """A price under `name`: a number above zero, written as a number or as text."""
    said = str(value).strip().lstrip("$").strip()
    found = None if isinstance(value, bool) else number(said)
    if found is None or not found:
        raise BadValue(f"“{name}”: {said[:40] or 'nothing'} is no price.")
    return found


def _moment(said: str) -> datetime:
    """From ISO 8601 (UTC unless it says otherwise), or seconds or milliseconds of the epoch."""
    wrong = BadValue(f"“time”: {said[:40]} is no time.")
    if re.fullmatch(r"\d{9,16}(?:\.\d{1,9})?", said):
        seconds = Decimal(said)
        while seconds > _LATEST:
            seconds /= 1000
        return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=float(seconds))
    try:
        moment = datetime.fromisoformat(said)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError, InvalidOperation):
        raise wrong from None
