"""What an exchange says of a key before it is stored."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from agents.domain.errors import AskUser, KeyRefused, OrderRejected, ParleyError, TryAgain
from agents.domain.market import InstrumentKind
from agents.domain.ports import Clock
from agents.domain.venue import Credentials, KeyReport
from bot.connectors.ccxt_dialect import dialect_of, spelled_exchange
from bot.connectors.ccxt_live_pages import both_ways
from bot.connectors.ccxt_live_session import Session, Sessions, Traded
from bot.connectors.ccxt_live_venue import state_of_account

_NOBODY = 0
"""The owner of a key that is not stored."""
_PLAYED = (
    "This desk plays its market, so there is no exchange to connect to. Its operator can set "
    "PARLEY_MARKET, for example to ccxt:binance."
)


@dataclass(frozen=True, slots=True)
class _Rights:
    trades: bool = True
    withdraws: bool = False
    restricted: bool | None = None


class CcxtKeyCheck:
    """Satisfies KeyCheck at a desk whose market is an exchange."""

    def __init__(self, sessions: Sessions, traded: Traded, clock: Clock) -> None:
        self._sessions = sessions
        self._traded = traded
        self._clock = clock

    def known(self, exchange: str) -> str:
        here, wanted = self._traded.name, spelled_exchange(exchange)
        if wanted == here or wanted == dialect_of(here).house:
            return here
        if dialect_of(wanted).house == dialect_of(here).house:
            return here
        raise AskUser(
            f"This desk trades at {here}, so only an account there can be connected: "
            f"/connect {dialect_of(here).house}."
        )

    def needs_password(self, exchange: str) -> bool:
        try:
            public, _ = self._traded.loaded()
        except TryAgain:
            return False
        needed: Mapping[str, bool] = getattr(public, "requiredCredentials", {})
        return bool(needed.get("password"))

    async def check(self, exchange: str, credentials: Credentials) -> KeyReport:
        self.known(exchange)
        session = await self._sessions.opened(_NOBODY, credentials, self._take_note)
        try:
            return await self._report(session)
        finally:
            await session.close()

    async def _report(self, session: Session) -> KeyReport:
        try:
            state = await state_of_account(session, self._traded, self._clock)
            rights = await _rights(session)
            hedged = await _hedged(session)
        except OrderRejected as refusal:
            raise KeyRefused(f"{session.title} does not take this key: {refusal}") from None
        return KeyReport(
            reads=True,
            trades=rights.trades,
            withdraws=rights.withdraws,
            restricted=rights.restricted,
            hedged=hedged,
            quote=state.quote,
            equity=state.equity,
            free=state.free,
            holdings=state.holdings,
            positions=state.positions,
            orders=state.orders,
        )

    async def _take_note(self, session: Session, problem: ParleyError) -> None:
        self._sessions.heed(problem)


class NoKeyCheck:
    """Satisfies KeyCheck at a desk whose market is played: nobody can connect there."""

    def known(self, exchange: str) -> str:
        raise AskUser(_PLAYED)

    def needs_password(self, exchange: str) -> bool:
        return False

    async def check(self, exchange: str, credentials: Credentials) -> KeyReport:
        raise AskUser(_PLAYED)


async def _hedged(session: Session) -> bool:
    perpetual = any(
        one.kind is InstrumentKind.LINEAR for one in session.listing.universe.instruments
    )
    spelling = next(iter(session.listing.spelled.values()), "")
    return perpetual and bool(spelling) and await both_ways(session, spelling)


async def _rights(session: Session) -> _Rights:
    """What the key may do. Where an exchange does not tell, it is taken to trade, and not known to
    be bound to addresses."""
    reading = _READINGS.get(session.dialect.permissions)
    return await reading(session) if reading else _Rights()


async def _binance(session: Session) -> _Rights:
    if "sapi" not in session.exchange.urls["api"]:
        return _Rights()  # sandboxes have none of it
    said: Mapping[str, Any] = await session.ask("sapiGetAccountApiRestrictions")
    market = "enableFutures" if session.dialect.apart else "enableSpotAndMarginTrading"
    return _Rights(
        trades=bool(said.get(market)),
        withdraws=bool(said.get("enableWithdrawals")),
        restricted=bool(said.get("ipRestrict")),
    )


async def _bybit(session: Session) -> _Rights:
    answer = await session.ask("privateGetV5UserQueryApi")
    said: Mapping[str, Any] = answer.get("result") or {}
    rights: Mapping[str, Any] = said.get("permissions") or {}
    if str(said.get("uta")) == "0":
        raise KeyRefused(
            f"This {session.title} account is a classic one. Upgrade it there to a unified trading "
            "account, and send the key again."
        )
    spot = session.exchange.options.get("defaultType") == "spot"
    names = ("Spot",) if spot else ("ContractTrade", "Derivatives")
    trading = [right for name in names for right in rights.get(name) or ()]
    bound = [one for one in said.get("ips") or () if one != "*"]
    return _Rights(
        trades=bool(trading) and str(said.get("readOnly")) != "1",
        withdraws="Withdraw" in (rights.get("Wallet") or ()),
        restricted=bool(bound),
    )


async def _kraken(session: Session) -> _Rights:
    """Kraken tells nothing of a key, but refuses what it may not: withdrawals' methods need the
    right to withdraw."""
    try:
        await session.ask("privatePostWithdrawMethods")
    except KeyRefused:
        return _Rights()
    return _Rights(withdraws=True)


_READINGS = {"binance": _binance, "bybit": _bybit, "kraken": _kraken}
