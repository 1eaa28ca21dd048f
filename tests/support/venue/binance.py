"""What both Binance doors share: keys and signatures, parameters, numbers and words of trouble."""

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
from tests.support.venue.records import ZERO, Side, Status

NAMES = re.compile(r"^[.A-Z:/a-z0-9_-]{1,36}$")
AHEAD = 1000
"""How far a time stamp may be ahead of the exchange's clock, ms."""
STATUSES = {
    Status.NEW: "NEW",
    Status.PART_FILLED: "PARTIALLY_FILLED",
    Status.FILLED: "FILLED",
    Status.CANCELED: "CANCELED",
    Status.EXPIRED: "EXPIRED",
    Status.REJECTED: "REJECTED",
    Status.TRIGGERED: "TRIGGERED",
}


TWINS = {
    "api.binance.com": ("testnet.binance.vision", "demo-api.binance.com"),
    "stream.binance.com": ("stream.testnet.binance.vision", "demo-stream.binance.com"),
    "ws-api.binance.com": ("ws-api.testnet.binance.vision", "demo-ws-api.binance.com"),
    "fapi.binance.com": ("testnet.binancefuture.com", "demo-fapi.binance.com"),
    "fstream.binance.com": ("fstream.binancefuture.com",),
    "dapi.binance.com": ("demo-dapi.binance.com",),
}
"""Hosts where Binance lets people play, by the host that they are like."""


def error(code: int, message: str, status: int = 400) -> Told:
    return Told(status, {"code": code, "msg": message})


def text(amount: Decimal | None, places: int = 8) -> str:
    """As Binance writes numbers; more digits only where there are more."""
    exact = ZERO if amount is None else amount
    exponent = exact.normalize().as_tuple().exponent
    more = -exponent if isinstance(exponent, int) else 0
    return f"{exact:.{min(16, max(places, more))}f}"


class BinanceDoor(Door):
    """Keys, signatures and time stamps as both Binance doors check them."""

    longest_window = 60_000

    def spellings(self, path: str) -> list[str]:
        host = path.split("/")[1]
        return [path, *(path.replace(host, twin, 1) for twin in TWINS.get(host, ()))]

    def key_of(self, call: Call) -> str:
        return call.headers.get("X-MBX-APIKEY", "") or call.params.get("apiKey", "")

    def identify(self, call: Call, access: Access) -> Account:
        account = self._account(self.key_of(call))
        if access is Access.SIGNED:
            self.check_stamp(call.params)
            self.check_signature(account, call)
        self.check_rights(account, call)
        return account

    def _account(self, key: str) -> Account:
        if not key.isalnum():
            raise error(-2014, "API-key format invalid.", 401)
        account = self.engine.accounts.get(key)
        if account is None:
            raise error(-2015, "Invalid API-key, IP, or permissions for action.", 401)
        return account

    def check_signature(self, account: Account, call: Call) -> None:
        """Of query and body as one text, the signature itself left out."""
        signature = call.params.get("signature")
        if signature is None:
            raise mandatory("signature")
        signed = re.sub(r"&?signature=[0-9a-f]*", "", call.query + call.body)
        self.compare(account, signed, signature)

    def compare(self, account: Account, signed: str, signature: str) -> None:
        true = hmac.new(account.secret.encode(), signed.encode(), hashlib.sha256).hexdigest()
        if not hmac.compare_digest(true, signature):
            raise error(-1022, "Signature for this request is not valid.")

    def check_stamp(self, params: dict[str, str]) -> None:
        """By the exchange's clock; by the machine's as well where a test moves the market's."""
        stamp = whole(params, "timestamp", needed=True)
        window = whole(params, "recvWindow", 5000)
        assert stamp is not None
        assert window is not None
        if window > self.longest_window:
            raise error(-1131, "recvWindow must be less than 60000.")
        here = to_ms(datetime.now(UTC)) + self.engine.ledger.skew
        if any(now - window <= stamp < now + AHEAD for now in (self.engine.now(), here)):
            return
        if stamp >= here + AHEAD:
            raise error(-1021, "Timestamp for this request was 1000ms ahead of the server's time.")
        raise error(-1021, "Timestamp for this request is outside of the recvWindow.")

    def check_rights(self, account: Account, call: Call) -> None:
        if not account.reads:
            raise no_rights()

    def trouble(self, fault: Fault) -> Told:
        wait = {"Retry-After": str(fault.retry_after)}
        if fault.trouble is Trouble.TOO_MANY:
            told = "Too many requests; current limit is 2400 requests per minute."
            return Told(429, {"code": -1003, "msg": told}, wait)
        if fault.trouble is Trouble.BANNED:
            until = self.engine.now() + fault.retry_after * 1000
            told = f"Way too many requests; IP banned until {until}."
            return Told(418, {"code": -1003, "msg": told}, wait)
        if fault.trouble is Trouble.BUSY:
            return Told(
                503, {"code": -1008, "msg": "Request throttled by system-level protection."}
            )
        return Told(503, self.nobody_knows())

    def nobody_knows(self) -> dict[str, Any]:
        raise NotImplementedError


# --- parameters ------------------------------------------------------------------------------


def mandatory(name: str) -> Told:
    return error(-1102, f"Mandatory parameter '{name}' was not sent, was empty/null, or malformed.")


def no_rights() -> Told:
    return error(-2015, "Invalid API-key, IP, or permissions for action.", 401)


def whole(
    params: dict[str, str], name: str, default: int | None = None, *, needed: bool = False
) -> int | None:
    found = params.get(name)
    if found is None and not needed:
        return default
    if found is None or not re.fullmatch(r"\d{1,19}", str(found)):
        raise mandatory(name)
    return int(found)


def amount(params: dict[str, str], name: str, *, needed: bool = False) -> Decimal | None:
    found = params.get(name)
    if found is None and not needed:
        return None
    try:
        number = Decimal(str(found))
    except InvalidOperation:
        raise mandatory(name) from None
    if not number.is_finite() or number < 0:
        raise error(-1100, f"Illegal characters found in parameter '{name}'.")
    return number


def needed(params: dict[str, str], name: str) -> str:
    found = params.get(name)
    if not found:
        raise mandatory(name)
    return str(found)


def truth(params: dict[str, str], name: str) -> bool:
    return str(params.get(name, "false")).lower() == "true"


def client_name(params: dict[str, str], name: str) -> str:
    found = str(params.get(name, ""))
    if found and not NAMES.match(found):
        raise error(
            -1100,
            f"Illegal characters found in parameter '{name}'; "
            "legal range is '^[\\.A-Z\\:/a-z0-9_-]{1,36}$'.",
        )
    return found


def side_of(params: dict[str, str]) -> Side:
    found = needed(params, "side").lower()
    if found not in tuple(Side):
        raise error(-1117, "Invalid side.")
    return Side(found)


def selector(params: dict[str, str], id_name: str, client: str) -> tuple[int | None, str]:
    """Which order is meant: its number or its client's name for it."""
    number = whole(params, id_name)
    name = client_name(params, client)
    if number is None and not name:
        raise error(-1102, f"Param '{client}' or '{id_name}' must be sent, but both were empty.")
    return number, name


def within(rows: list[Any], params: dict[str, str], most: int = 500) -> list[Any]:
    """Rows by their `at`, from startTime to endTime; the latest ones when no start is named."""
    start, end = whole(params, "startTime"), whole(params, "endTime")
    limit = min(whole(params, "limit", most) or most, 1000)
    found = [one for one in rows if (start is None or one.at >= start)]
    found = [one for one in found if end is None or one.at <= end]
    return found[:limit] if start is not None else found[-limit:]


def op_of(call: Call) -> Op:
    """Of a new order: whether it waits for a trigger."""
    waits = "triggerPrice" in call.params or "stopPrice" in call.params
    return Op.STOP if waits else Op.ORDER
