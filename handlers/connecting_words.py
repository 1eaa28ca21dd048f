"""What is said about connecting an exchange account."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from agents.domain.errors import ParleyError
from agents.domain.strategy import Side, Strategy, StrategyState
from agents.domain.venue import Connection, ConnectionState, KeyReport
from agents.execution.venues.connections import OpenBusiness, baseline_of, still_open
from handlers import markers, numbers, texts, times
from handlers.chat import Words, bold, code, lines, text

NO_EXCHANGE = (
    "This desk runs on a played market, so there is no exchange to connect, and nothing was "
    "stored. Real money needs a desk that its operator started on a real market, such as "
    "PARLEY_MARKET=ccxt:binance."
)
LOCKED = (
    "The desk's secret has changed meanwhile, so what you sent can't be opened. Begin again with "
    "/connect."
)
PRIVATELY = (
    "An exchange is connected in our private chat, where nobody else sees the key: write "
    "/connect to me there."
)
BURNT = (
    "🔥 That looks like a key, and everybody here has seen it: nothing was stored. Delete that key "
    "at its provider now and make a new one. Keys are sent in our private chat only."
)
STRAY = (
    "🔑 That looks like a key, so I kept nothing of it. An exchange is connected with /connect; a "
    "key for the model is sent with /settings key. If anybody else may have seen this one, make a "
    "new one."
)
_MOST = 8  # holdings that are named
_STATES = {
    ConnectionState.READY: "✅ in order",
    ConnectionState.PAUSED: "⏸ opens no new trades",
    ConnectionState.REFUSED: "⛔ refused",
}
_ANY_ADDRESS = (
    "⚠️ The key works from any address. Bind it to the address of the machine that this desk runs "
    "on, in the exchange's API settings: a stolen key is then of no use."
)
_UNTOLD = "ℹ️ The exchange does not tell whether the key is bound to addresses; bind it there."


def opening(exchange: str) -> Words:
    return lines(
        bold("🔗 Connect an exchange account"),
        f"1. In the API settings of {markers.exchange(exchange)} make a new key. Allow reading and "
        "trading; leave withdrawals off; bind it to this desk's address if you can.",
        "2. Tap the exchange below and send me the key, then the secret. I delete each message, "
        "store the key encrypted, and show no more than its last four characters.",
        "3. I tell you what the key may do, and you say Yes. Nothing trades with real money by "
        "that: a strategy goes live by /mode alone.",
        text("In one message it is ") + code(f"/connect {exchange} KEY SECRET") + text("."),
    )


def next_part(exchange: str, part: str, wrong: str) -> Words:
    """Asks for the key, the secret or the password."""
    named = {
        "key": f"API key of {markers.exchange(exchange)}",
        "secret": "secret that belongs to it",
        "password": "passphrase of that key",
    }
    asked = f"Send me the {named[part]}; I delete the message."
    return lines(*([wrong] if wrong else []), f"🔑 {asked}")


def unreached(exchange: str, fault: ParleyError) -> Words:
    return lines(
        f"⏳ {markers.exchange(exchange)} could not be asked about the key, and nothing is "
        "connected so far.",
        texts.sentence(str(fault)),
    )


def not_taken(exchange: str, why: ParleyError) -> Words:
    return lines(
        bold(f"⛔ {markers.exchange(exchange)} is not connected with this key"),
        texts.sentence(str(why)),
        "Nothing was stored. A new key can take a few minutes until it works, and one that is "
        "bound to other addresses is refused from here.",
    )


# --- the question -------------------------------------------------------------------------------


def summary(
    exchange: str,
    ends: str,
    report: KeyReport,
    earlier: Connection | None,
    missing: Sequence[str],
) -> Words:
    """What the key may do, what is there, and what will be possible."""
    known = bool(earlier and earlier.exchange == exchange)
    own = earlier.baseline if earlier and known else baseline_of(report)
    said: list[Words | str] = [
        bold(f"🔗 {markers.exchange(exchange)}: the key ending in {ends} works"),
        _rights(report.withdraws),
        *_addresses(report.restricted),
        f"The account is worth {_amount(report.equity)} {report.quote}, of which "
        f"{_amount(report.free)} is free.",
        _owned(own),
        *_orders(report),
        *(
            f"⚠️ It does not hold your open trade in {symbol}: is it the same account?"
            for symbol in missing
        ),
    ]
    if known:
        said += ["", "It takes the place of the earlier key; everything else stays as it is."]
    else:
        said += [
            "",
            "Then a strategy can trade here with real money once you take it live with /mode, "
            "within your /limits, and never before.",
        ]
    return lines(*said, "Connect with it?")


def _rights(withdraws: bool | None) -> str:
    if withdraws is None:
        return (
            "It may read and trade. ⚠️ The exchange does not tell whether it may withdraw: say Yes "
            "only if you made it without that right."
        )
    return "It may read and trade; it can't withdraw."


def _addresses(restricted: bool | None) -> list[str]:
    if restricted is None:
        return [_UNTOLD]
    return ["It is bound to addresses, as it should be."] if restricted else [_ANY_ADDRESS]


def _owned(baseline: Mapping[str, Decimal]) -> str:
    """What is the user's own."""
    if not baseline:
        return "Nothing else is held there."
    named = [_held(name, amount) for name, amount in baseline.items()]
    more = f" and {len(named) - _MOST} more" if len(named) > _MOST else ""
    return f"Yours, and not touched by me: {', '.join(named[:_MOST])}{more}."


def _held(name: str, amount: Decimal) -> str:
    """`0.5 ETH`, or `LONG 0.1 BTC/USDT` for a position."""
    if "/" not in name:
        return f"{_amount(amount)} {name}"
    side = Side.LONG if amount > 0 else Side.SHORT
    return f"{side.upper()} {_amount(abs(amount))} {name}"


def _orders(report: KeyReport) -> Iterable[str]:
    foreign = [one for one in report.orders if not one.ours]
    if foreign:
        plural = "s of yours stay as they are" if len(foreign) > 1 else " of yours stays as it is"
        yield f"{len(foreign)} open order{plural}."


def _amount(value: Decimal) -> str:
    return numbers.money(value) if abs(value) >= 1 else numbers.significant(value, 4)


# --- what is connected --------------------------------------------------------------------------


def connected(connection: Connection) -> Words:
    return lines(
        bold(f"🔗 {markers.exchange(connection.exchange)} is connected"),
        f"Key ending in {connection.ends}, stored encrypted. {_owned(connection.baseline)}",
        "/mode takes a strategy live, /limits shows what no trade can pass, /connect shows this "
        "account and /disconnect forgets it.",
    )


def state(connection: Connection, zone: str, wall: datetime) -> Words:
    """/connect while one is connected."""
    since = connection.connected_at
    when = f", since {times.moment(since, zone, wall)}" if since else ""
    why = f": {connection.why.rstrip('.')}" if connection.why else ""
    mend = {
        ConnectionState.PAUSED: ["/receipt shows what differs."],
        ConnectionState.REFUSED: ["The first button below takes another key."],
    }
    return lines(
        bold(f"🔗 {markers.exchange(connection.exchange)}"),
        f"Key ending in {connection.ends}{when}",
        f"{_STATES[connection.state]}{why}",
        *mend.get(connection.state, []),
        _owned(connection.baseline),
        *([] if connection.restricted else _addresses(connection.restricted)),
    )


def disconnecting(connection: Connection, business: OpenBusiness) -> Words:
    if business.has_trades:
        return text(f"⛔ {still_open(business)}")
    named = _named(one for one in business.strategies if one.state is StrategyState.ACTIVE)
    paused = [f"{named} can't trade without it and will be paused."] if named else []
    return lines(
        bold(f"🔌 Disconnect {markers.exchange(connection.exchange)}?"),
        f"The key ending in {connection.ends} is forgotten here.",
        *paused,
    )


def disconnected(connection: Connection, paused: Sequence[Strategy]) -> Words:
    named = _named(paused)
    return lines(
        bold(f"🔌 {markers.exchange(connection.exchange)} is disconnected"),
        f"The key ending in {connection.ends} is forgotten here. Delete it at the exchange too.",
        *([f"Paused: {named}."] if named else []),
    )


def _named(strategies: Iterable[Strategy]) -> str:
    return ", ".join(f"#{one.number} {one.name}" for one in strategies)
