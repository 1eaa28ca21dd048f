"""What differs between exchanges in trading, a row for each family; ccxt unifies the rest.

An exchange without a row is traded with what ccxt unifies, and nothing rests there that was not
tried: its stops are watched here.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from agents.domain.market import Instrument, InstrumentKind
from agents.domain.venue import OURS, GuardStyle
from bot.connectors.ccxt_verdicts import BYBIT_REFUSALS, Verdict


@dataclass(frozen=True, slots=True)
class Reply:
    """What an exchange answered to a request that it refused. `code` is its own."""

    status: int
    code: str
    message: str
    retry_after: float | None = None


Reading = Callable[[Any], tuple[str, str]]
"""Code and message in a refusal, as JSON."""


def _flat(body: Any) -> tuple[str, str]:
    """{"code": -2010, "msg": "..."}, or names like that."""
    if not isinstance(body, Mapping):
        return "", ""
    code = next((body[name] for name in ("code", "retCode", "sCode") if name in body), "")
    words = next((body[name] for name in ("msg", "retMsg", "message") if body.get(name)), "")
    return str(code), str(words)


def _replaced(body: Any) -> tuple[str, str]:
    """Binance; of a failed cancelReplace what happened to the new order says more."""
    if isinstance(body, Mapping) and isinstance(body.get("data"), Mapping):
        inner = body["data"].get("newOrderResponse")
        if isinstance(inner, Mapping) and "code" in inner:
            return _flat(inner)
    return _flat(body)


def _listed(body: Any) -> tuple[str, str]:
    """Kraken: {"error": ["EOrder:Insufficient funds"]}."""
    errors = body.get("error") if isinstance(body, Mapping) else None
    words = str(errors[0]) if isinstance(errors, list) and errors else ""
    return words, words


def _nested(body: Any) -> tuple[str, str]:
    """OKX: the reason is in data[0]."""
    data = body.get("data") if isinstance(body, Mapping) else None
    if isinstance(data, list) and data and isinstance(data[0], Mapping) and "sCode" in data[0]:
        return str(data[0]["sCode"]), str(data[0].get("sMsg", ""))
    return _flat(body)


Profits = Callable[[Any], Mapping[str, Any]]
_PAGES = 100


def _no_profits(_: Any) -> Mapping[str, Any]:
    return {}


def _profits_by_coin(answer: Any) -> Mapping[str, Any]:
    """Bybit: a wallet of coins, each with its `unrealisedPnl`."""
    wallets = ((answer or {}).get("result") or {}).get("list") or []
    coins = (coin for wallet in wallets for coin in wallet.get("coin") or ())
    return {str(one.get("coin")): one.get("unrealisedPnl") for one in coins}


def _same(client_id: str) -> str:
    return client_id


def _as_short_uuid(client_id: str) -> str:
    """Kraken takes free text of 18 characters or 32 hex digits, and ours has 24 characters."""
    return f"{OURS.encode().hex()}{client_id.removeprefix(OURS)}".ljust(32, "0")


def _of_short_uuid(written: str) -> str:
    bare, head = written.replace("-", "").lower(), OURS.encode().hex()
    ours = len(bare) == 32 and bare.startswith(head) and bare.endswith("0" * 6)
    return f"{OURS}{bare[4:26]}" if ours else written


@dataclass(frozen=True)
class Dialect:
    """`house` is what the exchange's keys are good for: all names of one house take the same.

    `spell` writes a client order id as the exchange takes it, and `read` reads it. `apart`:
    conditional orders are listed apart from others, under ids of their own, and become a new order
    when they trigger. `margin_in_orders`: each order of a perpetual names its margin mode.
    `in_turn`: requests have to arrive in the order in which they were signed, and are counted by
    key. `streams`: what ccxt makes of its streams of an account can be relied on. `also` goes with
    each order. `offset`: the
    parameter that counts how many trades of a history are left out, newest first, of which a page
    holds `per_page`. `found_by`: the parameter by which an order is looked up by its client id;
    empty where there is none, and lists are searched instead. `asking` goes with a
    question for one order. `of_order`: the parameter that
    narrows trades to one order, and `from_trade` the one that begins a page of them with a trade.
    `listed_by`: the parameter that narrows lists of orders to one client id. `pages`: ccxt itself
    goes through the pages of a history, and with `cursors` through those of open orders and of
    funding.
    `by_settle`: open orders and positions are told for one coin of settlement at a time.
    `told_by_positions`: only positions tell whether the account holds long and short at once.
    `one_margin`: one margin mode for the whole account, which is read before it is set.
    `funding_sign` is -1 where ccxt says of funding what was paid. `profits` reads the open profit
    by coin, where balances leave it out. `of` is ccxt's name where it differs.
    `refusals` are searched in turn for the code or, in small letters,
    a part of the message. `permissions` names how those of a key are read.
    """

    house: str
    style_spot: GuardStyle = GuardStyle.LOCAL
    style_perpetual: GuardStyle = GuardStyle.LOCAL
    spell: Callable[[str], str] = _same
    read: Callable[[str], str] = _same
    id_form: str = r"[A-Za-z0-9]{1,32}"
    id_param: str = "clientOrderId"
    stop_param: str = "stopLossPrice"
    apart: bool = False
    margin_in_orders: bool = True
    in_turn: bool = False
    streams: bool = True
    also: Mapping[str, Any] = field(default_factory=dict)
    offset: str = ""
    per_page: int = 0
    found_by: str = ""
    of_order: str = ""
    asking: Mapping[str, Any] = field(default_factory=dict)
    one_of_two: str = ""
    replaces: bool = False
    permissions: str = ""
    sandbox: str = "sandbox"
    reading: Reading = _flat
    refusals: tuple[tuple[str, Verdict], ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    from_trade: str = ""
    pages: bool = False
    listed_by: str = ""
    cursors: bool = False
    by_settle: bool = False
    told_by_positions: bool = False
    one_margin: bool = False
    funding_sign: int = 1
    profits: Profits = _no_profits
    of: str = ""
    window_days: int = 0  # how much of the trades' history one request covers; 0: any

    @property
    def paging(self) -> Mapping[str, Any]:
        """What has ccxt go through all pages of a history. It would ask again by itself after any
        fault, even while it is asked to wait."""
        if not self.pages:
            return {}
        return {"paginate": True, "paginationCalls": _PAGES, "maxRetries": 0}

    def style(self, instrument: Instrument) -> GuardStyle:
        spot = instrument.kind is InstrumentKind.SPOT
        return self.style_spot if spot else self.style_perpetual

    def client_id(self, written: str | None) -> str:
        """Ours in our spelling, another's as it stands, empty for none."""
        return self.read(written) if written else ""

    def fits(self, client_id: str) -> bool:
        return re.fullmatch(self.id_form, self.spell(client_id)) is not None

    def verdict(self, code: str, message: str) -> Verdict | None:
        """None for a refusal that is in no row."""
        words = message.lower()
        for needle, verdict in self.refusals:
            if needle == code or (not needle.lstrip("-").isdecimal() and needle in words):
                return verdict
        return None


# Words come before codes where one code stands for many refusals (-2010, -1013).
_BINANCE_REFUSALS = (
    ("would trigger immediately", Verdict.NEAR),
    ("would immediately trigger", Verdict.NEAR),
    ("relationship of the prices", Verdict.PASSED),
    ("insufficient balance", Verdict.POOR),
    ("margin is insufficient", Verdict.POOR),
    ("duplicate", Verdict.TWICE),
    ("reduceonly order is rejected", Verdict.SPENT),
    ("notional", Verdict.SMALL),
    ("-1003", Verdict.BUSY),
    ("-1008", Verdict.BUSY),
    ("-1015", Verdict.CROWDED),  # orders are counted by account, requests by address
    ("-1021", Verdict.SKEW),
    ("-1000", Verdict.UNKNOWN),
    ("-1001", Verdict.UNKNOWN),
    ("-1006", Verdict.UNKNOWN),
    ("-1007", Verdict.UNKNOWN),
    ("-1016", Verdict.UNKNOWN),
    ("-1002", Verdict.KEY),
    ("-1022", Verdict.KEY),
    ("-2008", Verdict.KEY),
    ("-2014", Verdict.KEY),
    ("-2015", Verdict.KEY),
    ("-2011", Verdict.MISSING),
    ("-2013", Verdict.MISSING),
)
_SPOT_REFUSALS = (("-2022", Verdict.GONE),)
_USDM_REFUSALS = (
    ("-2021", Verdict.NEAR),
    ("-2019", Verdict.POOR),
    ("-2018", Verdict.POOR),
    ("-2022", Verdict.SPENT),
    ("-4112", Verdict.SPENT),
    ("-4118", Verdict.SPENT),
    ("-4116", Verdict.TWICE),
    ("-4061", Verdict.HEDGED),
    ("-4168", Verdict.POOLED),
    ("-4164", Verdict.SMALL),
    ("-4046", Verdict.SAME),
)
_BINANCE_OPTIONS = {
    "fetchOpenOrders": {"warnWithoutSymbol": False},
    # Brackets of leverage cost a signed request, and nothing of them is used.
    "leverageBrackets": {},
    "watchPositions": {"fetchPositionsSnapshot": False},
    "recvWindow": 5000,
}
_BINANCE = Dialect(
    house="binance",
    style_spot=GuardStyle.PAIRED,
    style_perpetual=GuardStyle.SEPARATE,
    margin_in_orders=False,
    id_form=r"[.A-Z:/a-z0-9_-]{1,36}",
    found_by="clientOrderId",
    of_order="orderId",
    from_trade="fromId",
    one_of_two="privatePostOrderListOco",
    replaces=True,
    permissions="binance",
    reading=_replaced,
    refusals=_BINANCE_REFUSALS + _SPOT_REFUSALS,
    options=_BINANCE_OPTIONS,
)
_BINANCE_USDM = Dialect(
    house="binance",
    style_perpetual=GuardStyle.SEPARATE,
    id_form=r"[.A-Z:/a-z0-9_-]{1,36}",
    apart=True,
    margin_in_orders=False,
    found_by="clientOrderId",
    of_order="orderId",
    from_trade="fromId",
    permissions="binance",
    # ccxt has no sandbox of Binance's futures any more, they have a demo instead.
    sandbox="demo",
    refusals=_BINANCE_REFUSALS + _USDM_REFUSALS,
    options=_BINANCE_OPTIONS,
    window_days=7,
)
_UNIFIED = {"enableUnifiedAccount": True, "enableUnifiedMargin": False}
_BYBIT = Dialect(
    house="bybit",
    style_spot=GuardStyle.LOCAL,
    style_perpetual=GuardStyle.SEPARATE,
    margin_in_orders=False,
    id_form=r"[A-Za-z0-9_-]{1,36}",
    permissions="bybit",
    of_order="orderId",
    asking={"acknowledged": True},  # that only the last 500 orders are looked through
    refusals=BYBIT_REFUSALS,
    # Lists of everything are those of `defaultType`, which is perpetuals if nothing else is said.
    options={**_UNIFIED, "defaultType": "spot"},
    pages=True,
    listed_by="orderLinkId",
    cursors=True,
    by_settle=True,
    told_by_positions=True,
    one_margin=True,
    funding_sign=-1,
    profits=_profits_by_coin,
    window_days=7,
)
_BYBIT_LINEAR = replace(_BYBIT, of="bybit", options={**_UNIFIED, "defaultType": "swap"})
_KRAKEN = Dialect(
    house="kraken",
    style_spot=GuardStyle.STOP,
    spell=_as_short_uuid,
    read=_of_short_uuid,
    id_form=r"[0-9a-f]{32}",
    permissions="kraken",
    listed_by="clientOrderId",
    in_turn=True,  # each nonce has to be higher than the one before
    streams=False,  # ccxt tells trades from orders there by the first of several news
    also={"oflags": "fciq"},  # ccxt reads every fee as one in the quote coin
    offset="ofs",
    per_page=50,
    reading=_listed,
    refusals=(
        # What is counted is counted by key.
        ("rate limit exceeded", Verdict.CROWDED),
        ("temporary lockout", Verdict.CROWDED),
        ("too many requests", Verdict.CROWDED),
        ("throttled", Verdict.CROWDED),
        ("service:unavailable", Verdict.UNKNOWN),
        ("service:busy", Verdict.BUSY),
        ("service:timeout", Verdict.UNKNOWN),
        ("internal error", Verdict.UNKNOWN),
        ("invalid key", Verdict.KEY),
        ("invalid signature", Verdict.KEY),
        ("permission denied", Verdict.KEY),
        ("unknown order", Verdict.MISSING),
        ("insufficient funds", Verdict.POOR),
        ("insufficient margin", Verdict.POOR),
        ("minimum not met", Verdict.SMALL),
        ("cost minimum", Verdict.SMALL),
        ("cl_ord_id", Verdict.TWICE),
    ),
)
_OKX = Dialect(
    house="okx",
    style_perpetual=GuardStyle.LOCAL,
    id_form=r"[A-Za-z0-9]{1,32}",
    found_by="clientOrderId",
    of_order="ordId",
    pages=True,
    permissions="okx",
    reading=_nested,
    refusals=(
        ("50011", Verdict.CROWDED),
        ("50061", Verdict.CROWDED),
        ("50040", Verdict.CROWDED),
        ("50102", Verdict.SKEW),
        ("50001", Verdict.UNKNOWN),
        ("50004", Verdict.UNKNOWN),
        ("50013", Verdict.UNKNOWN),
        ("50026", Verdict.UNKNOWN),
        ("50100", Verdict.KEY),
        ("50105", Verdict.KEY),
        ("50110", Verdict.KEY),
        ("50111", Verdict.KEY),
        ("50113", Verdict.KEY),
        ("50119", Verdict.KEY),
        ("50120", Verdict.KEY),
        ("51400", Verdict.MISSING),
        ("51603", Verdict.MISSING),
        ("51016", Verdict.TWICE),
        ("51008", Verdict.POOR),
        ("51020", Verdict.SMALL),
        ("51169", Verdict.SPENT),
        ("51279", Verdict.NEAR),
        ("51280", Verdict.NEAR),
    ),
)
DIALECTS: Mapping[str, Dialect] = {
    "binance": _BINANCE,
    "binanceusdm": _BINANCE_USDM,
    "bybit": _BYBIT,
    "bybitlinear": _BYBIT_LINEAR,
    "kraken": _KRAKEN,
    "okx": _OKX,
}


def dialect_of(exchange: str) -> Dialect:
    """`exchange` is its ccxt name."""
    return DIALECTS.get(exchange) or Dialect(house=exchange)


def spelled_exchange(written: str) -> str:
    """`Binance USD-M` → `binanceusdm`: as ccxt writes names of exchanges."""
    return re.sub(r"[^a-z0-9]", "", written.lower())
