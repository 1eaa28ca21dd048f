"""What a fault of ccxt means for an order: taken, surely not taken, or nobody knows.

What ccxt says goes to no user and no log: its texts hold whole requests. What an exchange says of
a refusal is shown, shortened.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from agents.domain.errors import (
    BrokerAway,
    BrokerBusy,
    KeyRefused,
    OrderRejected,
    OrderUnknown,
    ParleyError,
    StopTooNear,
    TryAgain,
)
from bot.connectors.ccxt_dialect import Dialect, Reply
from bot.connectors.ccxt_verdicts import Verdict

REPLY = "parley_reply"
"""The attribute in which a fault of ccxt carries the Reply that it was made of."""

_BAN = 30.0
_BREATH = 2.0
"""Seconds to wait where an exchange names none: after too many requests, and where it is only too
busy itself."""
_SHOWN = 120
"""Characters of an exchange's own words."""
_UNSENT = frozenset(
    {"ClientConnectorError", "gaierror", "ConnectionTimeoutError", "ConnectionRefusedError"}
)
"""Causes that lie before the first byte was sent."""
_BY_NAME = {
    "DDoSProtection": Verdict.BUSY,
    "RateLimitExceeded": Verdict.BUSY,
    "InvalidNonce": Verdict.SKEW,
    "OrderImmediatelyFillable": Verdict.NEAR,
    "DuplicateOrderId": Verdict.TWICE,
    "OrderNotFound": Verdict.MISSING,
    "InsufficientFunds": Verdict.POOR,
    "AuthenticationError": Verdict.KEY,
    "NoChange": Verdict.SAME,
    # ccxt takes these for faults of the key as well. They say that this order, symbol or leverage
    # is not for this account: the key is good, and what is open has to be closed with it.
    "PermissionDenied": Verdict.NO,
    "AccountNotEnabled": Verdict.NO,
    "AccountSuspended": Verdict.NO,
}
"""ccxt's own names of refusals, for what is in no row."""


class Skewed(TryAgain):
    """The exchange refuses the time stamp; the clock is compared and the same sent again."""


class Missing(OrderRejected):
    """The exchange knows no such order."""


class Unchanged(OrderRejected):
    """A setting is as it was wanted already."""


class Replaced(OrderRejected):
    """The order that should be replaced has ended; look at what became of it."""


class Twice(OrderUnknown):
    """The exchange has an open order of this client id already; it is looked up."""


class Passed(OrderRejected):
    """The price is beyond the stop or the target already, and the exchange says not which."""


class OwnBusy(BrokerBusy):
    """This account alone is asked to wait."""


class Pooled(OrderRejected):
    """The account's assets are one margin, so that none can be isolated."""


class OrderKeyRefused(OrderRejected, KeyRefused):
    """The order was refused because the key is."""


_BARE: Mapping[Verdict, type[ParleyError]] = {
    Verdict.TWICE: Twice,
    Verdict.GONE: Replaced,
    Verdict.SAME: Unchanged,
}
_KINDS = {
    Verdict.NEAR: StopTooNear,
    Verdict.MISSING: Missing,
    Verdict.PASSED: Passed,
    Verdict.POOLED: Pooled,
}
_SENTENCES = {
    Verdict.NEAR: "The price is beyond the stop already, says {}.",
    Verdict.MISSING: "{} knows no such order.",
    Verdict.POOR: "There is not enough free at {} for this order.",
    Verdict.SMALL: "{} takes no order as small as this.",
    Verdict.SPENT: "{} holds nothing that this order could reduce.",
    Verdict.PASSED: "The price is beyond the stop or the target already, says {}.",
    Verdict.POOLED: (
        "Your {} account is in multi-assets mode, where no position can have a margin of its own. "
        "Switch it to single-asset mode in its settings, and try again."
    ),
}


@dataclass(frozen=True, slots=True)
class Circumstances:
    """`title` is the exchange's name for people; `sent` says whether a request had left before the
    fault; `reads`: it asked for something, and changes nothing; `tried`: with a key that is not
    stored yet; `secrets`: what no sentence may hold."""

    title: str
    dialect: Dialect
    sent: bool
    reads: bool
    tried: bool = False
    secrets: tuple[str, ...] = field(default=(), repr=False)


def judged(fault: BaseException, about: Circumstances) -> ParleyError:
    """The domain's error for any fault of a request."""
    if isinstance(fault, ParleyError):
        return fault
    reply: Reply | None = getattr(fault, REPLY, None)
    if reply is not None:
        return _of_reply(_without(about.secrets, reply), fault, about)
    if about.sent and about.reads and _named(fault) is Verdict.MISSING:
        return Missing(_SENTENCES[Verdict.MISSING].format(about.title))  # a list without it
    if not about.sent or _cause(fault) in _UNSENT:
        return _unsent(fault, about)
    return _lost(about)


def _of_reply(reply: Reply, fault: BaseException, about: Circumstances) -> ParleyError:
    found = about.dialect.verdict(reply.code, reply.message)
    if reply.status in (418, 429) or found in (Verdict.BUSY, Verdict.CROWDED):
        alone = found is Verdict.CROWDED and reply.status != 418
        return _busy(reply, about, OwnBusy if alone else BrokerBusy)
    if found is None and reply.status == 403 and not reply.code:
        return _busy(reply, about)  # a wall before the exchange, which never saw it
    if found is Verdict.UNKNOWN or (found is None and (reply.status >= 500 or reply.status == 408)):
        return _lost(about)
    verdict = found or _named(fault)
    if verdict is Verdict.BUSY:
        return _busy(reply, about)
    if verdict is None and (reply.code or 200 <= reply.status < 300):
        return _lost(about)  # it answered, and ccxt can't read it as a refusal
    return _refusal(verdict or Verdict.NO, reply, about)


def _named(fault: BaseException) -> Verdict | None:
    """None where ccxt itself does not know whether it was refused."""
    names = [kind.__name__ for kind in type(fault).__mro__]
    known = next((_BY_NAME[name] for name in names if name in _BY_NAME), None)
    if known is None and "BadResponse" not in names and "ExchangeError" in names:
        return Verdict.NO
    return known


def _refusal(verdict: Verdict, reply: Reply, about: Circumstances) -> ParleyError:
    title = about.title
    if verdict is Verdict.SKEW:
        return Skewed(f"This machine's clock and {title}'s differ too much.")
    if verdict is Verdict.KEY and about.tried:
        return KeyRefused(
            f"{title} does not take this key ({_words(reply)}). Look whether it was copied whole, "
            "or make a new one there, and send it with /connect."
        )
    if verdict is Verdict.KEY:
        return KeyRefused(
            f"{title} does not take the key any more ({_words(reply)}). Make a new one there and "
            "send it with /connect."
        )
    if verdict in _BARE:
        return _BARE[verdict]()
    return _KINDS.get(verdict, OrderRejected)(_sentence(verdict, reply, about))


def _sentence(verdict: Verdict, reply: Reply, about: Circumstances) -> str:
    title, what = about.title, "a request" if about.reads else "the order"
    if verdict is Verdict.HEDGED:
        return hedged(title)
    sentence = _SENTENCES.get(verdict)
    return sentence.format(title) if sentence else f"{title} refused {what}: {_words(reply)}."


def hedged(title: str) -> str:
    return (
        f"Your {title} account is in hedge mode, which is not traded here. Switch it to one-way "
        "mode in its position settings, and try again."
    )


def _busy(reply: Reply, about: Circumstances, kind: type[BrokerBusy] = BrokerBusy) -> BrokerBusy:
    unnamed = _BAN if reply.status in (403, 418, 429) else _BREATH
    wait = reply.retry_after if reply.retry_after is not None else unnamed
    return kind(f"{about.title} asks to wait {max(1.0, wait):.0f} s.", max(0.1, wait))


def _lost(about: Circumstances) -> TryAgain:
    if about.reads:
        return BrokerAway(f"{about.title} did not answer; it is asked again.")
    return OrderUnknown()


def _unsent(fault: BaseException, about: Circumstances) -> ParleyError:
    """Nothing has left: ccxt itself refused, or there was no connection."""
    names = {kind.__name__ for kind in type(fault).__mro__}
    if names & {"OperationFailed", "OSError", "TimeoutError"} or _cause(fault) in _UNSENT:
        return BrokerAway(f"{about.title} can't be reached at the moment; it is tried again.")
    if "AuthenticationError" in names:
        return KeyRefused(f"This is no key of {about.title}; send another with /connect.")
    if "ExchangeError" in names:
        return OrderRejected(f"{about.title} does not take an order like this.")
    return BrokerAway(f"{about.title} could not be asked ({type(fault).__name__}).")


def _cause(fault: BaseException) -> str:
    """The first cause in the chain that lies before sending, or nothing."""
    cause: BaseException | None = fault
    while cause is not None:
        for kind in type(cause).__mro__:
            if kind.__name__ in _UNSENT:
                return kind.__name__
        cause = cause.__cause__
    return ""


def _without(secrets: tuple[str, ...], reply: Reply) -> Reply:
    said = reply.message
    for secret in secrets:
        said = said.replace(secret, "…")
    return replace(reply, message=said)


def _words(reply: Reply) -> str:
    """The exchange's own words, without what could be an address, a key or a signature."""
    said = reply.message or (f"code {reply.code}" if reply.code else f"HTTP {reply.status}")
    plain = re.sub(r"https?://\S+|\S{33,}", "…", said)
    plain = "".join(sign for sign in plain if sign.isprintable()).strip().rstrip(".")
    return plain if len(plain) <= _SHOWN else f"{plain[:_SHOWN]}…"
