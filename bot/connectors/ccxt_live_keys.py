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
class Rights:
    """What a key may do; None is not told."""

    trades: bool = True
    withdraws: bool | None = None
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
            rights = await rights_of(session)
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


async def rights_of(session: Session) -> Rights:
    """Where an exchange does not tell, a key is taken to trade."""
    reading = _READINGS.get(session.dialect.permissions)
    return await reading(session) if reading else Rights()


async def _binance(session: Session) -> Rights:
    if "sapi" not in session.exchange.urls["api"]:
        return Rights(withdraws=False)  # sandboxes have none of it, and no money
    said: Mapping[str, Any] = await session.ask("sapiGetAccountApiRestrictions")
    market = "enableFutures" if session.dialect.apart else "enableSpotAndMarginTrading"
    return Rights(
        trades=bool(said.get(market)),
        withdraws=bool(said.get("enableWithdrawals")),
        restricted=bool(said.get("ipRestrict")),
    )


async def _bybit(session: Session) -> Rights:
    answer = await session.ask("privateGetV5UserQueryApi")
    said: Mapping[str, Any] = answer.get("result") or {}
    rights: Mapping[str, Any] = said.get("permissions") or {}
    if str(said.get("uta")) == "0":
        raise KeyRefused(
            f"This {session.title} account is a classic one. Upgrade it there to a unified trading "
            "account, and send the key again."
        )
    if any(rights.get(name) for name in _PAYING):
        raise KeyRefused(
            f"This key may pay others ({session.title}'s P2P or Pay), so it is not stored. Switch "
            "those rights off for it, or make a new key without them."
        )
    spot = session.exchange.options.get("defaultType") == "spot"
    contracts = {"Order", "Position"} <= set(rights.get("ContractTrade") or ())
    trading = rights.get("Spot") if spot else contracts or rights.get("Derivatives")
    bound = [one for one in said.get("ips") or () if one != "*"]
    return Rights(
        trades=bool(trading) and str(said.get("readOnly")) != "1",
        withdraws="Withdraw" in (rights.get("Wallet") or ()),
        restricted=bool(bound),
    )


async def _kraken(session: Session) -> Rights:
    """Kraken tells nothing of a key, but refuses what it may not: withdrawals' methods need the
    right to withdraw. Any other refusal comes after that one."""
    try:
        await session.ask("privatePostWithdrawMethods")
    except KeyRefused as refusal:
        if "permission denied" not in str(refusal).lower():
            raise
        return Rights(withdraws=False)
    except OrderRejected:
        return Rights(withdraws=True)
    return Rights(withdraws=True)


async def _okx(session: Session) -> Rights:
    answer = await session.ask("privateGetAccountConfig")
    said: Mapping[str, Any] = (answer.get("data") or [{}])[0]
    rights = str(said.get("perm") or "").split(",")
    if rights == [""]:
        return Rights()
    return Rights(
        trades="trade" in rights, withdraws="withdraw" in rights, restricted=bool(said.get("ip"))
    )


_PAYING = ("FiatP2P", "FiatBybitPay", "FiatBitPay", "FiatGlobalPay")
"""Rights at Bybit by which coins can leave an account without a withdrawal."""
_READINGS = {"binance": _binance, "bybit": _bybit, "kraken": _kraken, "okx": _okx}
