"""What the Bybit door checks first, and how it words trouble: keys, signatures, numbers, codes."""

import hashlib
import hmac
import re
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from agents.domain.market import to_ms
from tests.support.venue.account import Account
from tests.support.venue.door import Access, Call, Door, Told
from tests.support.venue.faults import Fault, Op, Trouble
from tests.support.venue.records import ZERO, Kind, Refused, Side, Why

HOST = "/api.bybit.com/v5"
NAMES = re.compile(r"^[A-Za-z0-9_-]{1,36}$")
AHEAD = 1000
"""How far a time stamp may be ahead of the exchange's clock, ms."""
KINDS = {"spot": Kind.SPOT, "linear": Kind.PERPETUAL}
CATEGORIES = {kind: name for name, kind in KINDS.items()}
TWINS = {
    "api.bybit.com": ("api-testnet.bybit.com", "api-demo.bybit.com"),
    "stream.bybit.com": ("stream-testnet.bybit.com", "stream-demo.bybit.com"),
}
"""Hosts where Bybit lets people play, by the host that they are like."""
SPOT_REFUSALS = {
    Why.PRICE_TICK: (170134, "Order price has too many decimals."),
    Why.PRICE_RANGE: (170132, "Order price is too high."),
    Why.LOT_STEP: (170137, "Order quantity has too many decimals."),
    Why.LOT_RANGE: (170136, "Order quantity exceeded lower limit."),
    Why.MIN_NOTIONAL: (170140, "Order value exceeded lower limit."),
    Why.NO_FUNDS: (170131, "Insufficient balance."),
    Why.DUPLICATE: (170141, "Duplicate clientOrderId."),
    Why.UNKNOWN_ORDER: (170213, "Order does not exist."),
    Why.UNKNOWN_MARKET: (170121, "Invalid symbol."),
    Why.WOULD_TRIGGER: (170193, "Trigger price is behind the last price."),
    Why.WOULD_TAKE: (170218, "The LIMIT-MAKER order is rejected due to invalid price."),
    Why.TOO_MANY: (170810, "Cannot exceed maximum of 500 conditional, TP/SL and active orders."),
}
LINEAR_REFUSALS = {
    Why.PRICE_TICK: (10001, "The price is invalid."),
    Why.PRICE_RANGE: (110003, "Order price exceeds the allowable range."),
    Why.LOT_STEP: (10001, "Qty invalid"),
    Why.LOT_RANGE: (10001, "The number of contracts exceeds the limit allowed."),
    Why.MIN_NOTIONAL: (110094, "Order does not meet minimum order value 5USDT"),
    Why.NO_MARGIN: (110007, "ab not enough for new order"),
    Why.DUPLICATE: (110072, "OrderLinkedID is duplicate"),
    Why.UNKNOWN_ORDER: (110001, "order not exists or too late to cancel"),
    Why.UNKNOWN_MARKET: (10001, "symbol invalid"),
    Why.REDUCE_ONLY: (110017, "current position is zero, cannot fix reduce-only order qty"),
    Why.POSITION_MODE: (10001, "position idx not match position mode"),
    Why.BAD_LEVERAGE: (10001, "leverage invalid"),
    Why.SAME: (10001, "order not modified"),
    Why.TOO_MANY: (110020, "You can't have more than 500 active orders."),
}


def error(code: int, message: str, status: int = 200, result: Any = None) -> Told:
    """Bybit says almost every error with a good status."""
    return Told(status, envelope(result or {}, code, message))


def envelope(result: Any, code: int = 0, message: str = "OK", at: int = 0) -> dict[str, Any]:
    now = at or to_ms(datetime.now(UTC))
    return {"retCode": code, "retMsg": message, "result": result, "retExtInfo": {}, "time": now}


class BybitDoor(Door):
    """Keys, signatures and time stamps."""

    name = "bybit"

    def spellings(self, path: str) -> list[str]:
        host = path.split("/")[1]
        return [path, *(path.replace(host, twin, 1) for twin in TWINS.get(host, ()))]

    def key_of(self, call: Call) -> str:
        return call.headers.get("X-BAPI-API-KEY", "")

    def identify(self, call: Call, access: Access) -> Account:
        account = self.engine.accounts.get(self.key_of(call))
        if account is None:
            raise error(10003, "API key is invalid.")
        stamp, window = (
            call.headers.get(f"X-BAPI-{name}", "") for name in ("TIMESTAMP", "RECV-WINDOW")
        )
        self._check_stamp(stamp, window)
        said = call.body if call.method == "POST" else call.query
        signed = f"{stamp}{account.key}{window}{said}"
        if not same(account.secret, signed, call.headers.get("X-BAPI-SIGN", "")):
            raise error(10004, "error sign! origin_string[...]")
        if not account.reads:
            raise no_rights()
        return account

    def _check_stamp(self, stamp: str, window: str) -> None:
        """By the exchange's clock; by the machine's as well where a test moves the market's."""
        if not stamp.isdecimal() or not window.isdecimal():
            raise error(10001, "empty value: apiTimestamp[]: openapi sign params error!")
        here = to_ms(datetime.now(UTC)) + self.engine.ledger.skew
        for now in (self.engine.now(), here):
            if now - int(window) <= int(stamp) < now + AHEAD:
                return
        raise error(
            10002,
            "invalid request, please check your server timestamp or recv_window param. "
            f"req_timestamp[{stamp}],server_timestamp[{here}],recv_window[{window}]",
        )

    def may_trade(self, account: Account, kind: Kind) -> None:
        allowed = account.trades_spot if kind is Kind.SPOT else account.trades_perpetuals
        if not allowed:
            raise no_rights()

    def trouble(self, fault: Fault) -> Told:
        if fault.trouble is Trouble.TOO_MANY:
            told = error(10006, "Too many visits. Exceeded the API Rate Limit.")
            at = to_ms(datetime.now(UTC)) + fault.retry_after * 1000
            told.headers = {"X-Bapi-Limit-Reset-Timestamp": str(at), "X-Bapi-Limit-Status": "0"}
            return told
        if fault.trouble is Trouble.BANNED:
            return Told(403, "access too frequent, please try again in 5 minutes")
        if fault.trouble is Trouble.BUSY:
            return error(10429, "System level frequency protection")
        return error(10000, "Server Timeout")


def refusal_of(refused: Refused, kind: Kind) -> Told:
    table = SPOT_REFUSALS if kind is Kind.SPOT else LINEAR_REFUSALS
    known = table.get(refused.why)
    other = (170210, "New order rejected.") if kind is Kind.SPOT else (110032, "Illegal order")
    return error(*(known or other))


def same(secret: str, signed: str, signature: str) -> bool:
    true = hmac.new(secret.encode(), signed.encode(), hashlib.sha256).hexdigest()
    return hmac.compare_digest(true, signature)


def no_rights() -> Told:
    return error(10005, "Permission denied, please check your API key permissions.")


# --- parameters ----------------------------------------------------------------------------------


def wrong(name: str) -> Told:
    return error(10001, f"params error: {name} invalid")


def kind_of(params: dict[str, Any]) -> Kind:
    found = KINDS.get(str(params.get("category", "")))
    if found is None:
        raise wrong("category")
    return found


def amount(params: dict[str, Any], name: str, *, needed: bool = False) -> Decimal | None:
    found = params.get(name)
    if found in (None, "") and not needed:
        return None
    try:
        number = Decimal(str(found))
    except InvalidOperation:
        raise wrong(name) from None
    if not number.is_finite() or number < 0:
        raise wrong(name)
    return number


def whole(params: dict[str, Any], name: str, default: int) -> int:
    found = str(params.get(name, default))
    if not found.isdecimal():
        raise wrong(name)
    return int(found)


def truth(params: dict[str, Any], name: str) -> bool:
    return str(params.get(name, "false")).lower() == "true"


def client_name(params: dict[str, Any]) -> str:
    found = str(params.get("orderLinkId", ""))
    if found and not NAMES.match(found):
        raise error(10001, "OrderLinkId is not valid")
    return found


def side_of(params: dict[str, Any]) -> Side:
    found = str(params.get("side", ""))
    if found not in ("Buy", "Sell"):
        raise wrong("side")
    return Side(found.lower())


def text(number: Decimal | None) -> str:
    """As Bybit writes numbers: no more digits than there are."""
    if not number:
        return "0"
    return f"{number.normalize():f}"


def op_of(call: Call) -> Op:
    """Of a new order: whether it waits for a trigger."""
    return Op.STOP if amount(call.params, "triggerPrice") else Op.ORDER


WEEK_MS = 7 * 86_400_000


def page(rows: list[Any], params: dict[str, Any], most: int, now: int) -> tuple[list[Any], str]:
    """The newest first, within startTime and endTime and no more than seven days of them, and the
    cursor of the next page: there is one unless the page is empty."""
    start, end = whole(params, "startTime", 0), whole(params, "endTime", 0)
    if start and end and end - start > WEEK_MS:
        raise error(10001, "The time range between startTime and endTime cannot exceed 7 days")
    if not start:
        start = (end or now) - WEEK_MS
    end = end or start + WEEK_MS
    found = [one for one in rows if start <= one.at <= end][::-1]
    return turned(found, params, most)


def turned(found: list[Any], params: dict[str, Any], most: int) -> tuple[list[Any], str]:
    limit = min(whole(params, "limit", min(most, 50)), most) or 1
    first = whole(params, "cursor", 0)
    rows = found[first : first + limit]
    return rows, str(first + len(rows)) if rows else ""


def total(numbers: list[Decimal]) -> Decimal:
    return sum(numbers, ZERO)
