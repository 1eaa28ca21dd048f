"""What Bybit says of an account: its key, its wallet, its positions, and how they are set."""

from decimal import Decimal
from typing import Any

from tests.support.venue import bybit_shapes as shapes
from tests.support.venue.account import Account
from tests.support.venue.bybit import (
    HOST,
    BybitDoor,
    envelope,
    error,
    kind_of,
    text,
    total,
    turned,
    whole,
    wrong,
)
from tests.support.venue.door import Call, Route
from tests.support.venue.faults import Op
from tests.support.venue.records import ZERO, Kind, Market, Refused, Why

MODES = ("REGULAR_MARGIN", "ISOLATED_MARGIN", "PORTFOLIO_MARGIN")


class BybitAccount(BybitDoor):
    """Accounts are unified: one wallet, and one margin mode for all perpetuals."""

    def account_routes(self) -> list[Route]:
        return [
            Route("GET", f"{HOST}/user/query-api", self.key_info),
            Route("GET", f"{HOST}/asset/coin/query-info", self.coins),
            Route("GET", f"{HOST}/account/info", self.account_info),
            Route("GET", f"{HOST}/account/wallet-balance", self.wallet),
            Route("GET", f"{HOST}/account/fee-rate", self.fee_rates),
            Route("GET", f"{HOST}/account/transaction-log", self.log, Op.LOOKUP),
            Route("POST", f"{HOST}/account/set-margin-mode", self.set_margin),
            Route("GET", f"{HOST}/position/list", self.positions, Op.LOOKUP),
            Route("POST", f"{HOST}/position/set-leverage", self.set_leverage),
            Route("POST", f"{HOST}/position/switch-isolated", self.switch_isolated),
            Route("POST", f"{HOST}/position/switch-mode", self.switch_mode),
        ]

    def perpetuals(self) -> list[Market]:
        return [one for one in self.engine.markets.values() if one.kind is Kind.PERPETUAL]

    def said(self, result: Any) -> dict[str, Any]:
        return envelope(result, at=self.engine.now())

    # --- the key --------------------------------------------------------------------------------

    def key_info(self, call: Call) -> dict[str, Any]:
        account = call.account
        wallet = ["AccountTransfer", "SubMemberTransferList"]
        return self.said(
            {
                "id": "13770661", "note": "desk", "apiKey": account.key, "readOnly": 0,
                "secret": "", "type": 1, "unified": 0, "uta": 1 if account.unified else 0,
                "userID": 24600000, "isMaster": True, "deadlineDay": 83,
                "ips": ["203.0.113.7"] if account.restricted else ["*"],
                "permissions": {
                    "ContractTrade": ["Order", "Position"] if account.trades_perpetuals else [],
                    "Spot": ["SpotTrade"] if account.trades_spot else [],
                    "Wallet": [*wallet, "Withdraw"] if account.withdraws else wallet,
                    "Options": [], "Derivatives": [], "Exchange": ["ExchangeHistory"],
                },
            }
        )  # fmt: skip

    def account_info(self, call: Call) -> dict[str, Any]:
        isolated = any(one.isolated for one in call.account.settings.values())
        return self.said(
            {"marginMode": MODES[isolated], "updatedTime": "1697078946000",
             "unifiedMarginStatus": 6, "dcpStatus": "OFF", "timeWindow": 10, "smpGroup": 0,
             "isMasterTrader": False, "spotHedgingStatus": "OFF"}
        )  # fmt: skip

    def coins(self, call: Call) -> dict[str, Any]:
        """Networks of deposits and withdrawals: there are none."""
        names = sorted({one.base for one in self.engine.markets.values()})
        rows = [{"name": name, "coin": name, "remainAmount": "1", "chains": []} for name in names]
        return self.said({"rows": rows})

    # --- the wallet -----------------------------------------------------------------------------

    def wallet(self, call: Call) -> dict[str, Any]:
        if call.params.get("accountType") != "UNIFIED":
            raise error(10001, "accountType only support UNIFIED.")
        return self.said({"list": [self.wallet_row(call.account)]})

    def wallet_row(self, account: Account) -> dict[str, Any]:
        coins = [self._coin(account, coin) for coin in sorted(account.wallets[Kind.SPOT])]
        usd = sum((Decimal(one["usdValue"]) for one in coins), ZERO)
        return {
            "accountType": "UNIFIED", "totalEquity": text(usd), "totalWalletBalance": text(usd),
            "totalMarginBalance": text(usd), "totalAvailableBalance": text(usd),
            "totalPerpUPL": "0", "totalInitialMargin": "0", "totalMaintenanceMargin": "0",
            "accountIMRate": "0", "accountMMRate": "0", "accountLTV": "0", "coin": coins,
        }  # fmt: skip

    def _coin(self, account: Account, coin: str) -> dict[str, Any]:
        """What may be withdrawn is no longer told there."""
        ours = [one for one in self.perpetuals() if one.quote == coin]
        price = self.engine.price
        whole_ = account.total(Kind.SPOT, coin)
        profit = account.profit(coin, ours, price)
        held = total([account.held_margin(one.name, price) for one in ours])
        ordered = total([account.order_margin(one.name) for one in ours])
        quote = self.engine.quotes.get(f"{coin}USDT")
        worth = quote.last if quote else Decimal(1)
        return {
            "coin": coin, "equity": text(whole_ + profit), "walletBalance": text(whole_),
            "usdValue": text((whole_ + profit) * worth), "availableToWithdraw": "",
            "locked": text(account.locked(coin, self.engine.markets)),
            "unrealisedPnl": text(profit),
            "totalPositionIM": text(held), "totalOrderIM": text(ordered), "totalPositionMM": "0",
            "borrowAmount": "0", "accruedInterest": "0", "spotHedgingQty": "0", "bonus": "0",
            "cumRealisedPnl": "0", "marginCollateral": True, "collateralSwitch": True,
            "availableToBorrow": "",
        }  # fmt: skip

    def fee_rates(self, call: Call) -> dict[str, Any]:
        kind, name = kind_of(call.params), call.params.get("symbol")
        rows = [
            {"symbol": one.name, "takerFeeRate": str(one.taker), "makerFeeRate": str(one.maker)}
            for one in self.engine.markets.values()
            if one.kind is kind and name in (None, one.name)
        ]
        return self.said({"category": call.params["category"], "list": rows})

    def log(self, call: Call) -> dict[str, Any]:
        """Here what was received is positive."""
        types = {"SETTLEMENT": "funding", "TRANSFER_IN": "transfer"}
        wanted = types.get(call.params.get("type", ""))
        found = [
            one
            for one in self.engine.incomes[::-1]
            if one.account == call.account.key and one.type in types.values()
            and wanted in (None, one.type)
        ]  # fmt: skip
        rows, cursor = turned(found, call.params, 50)
        names = {kind: name for name, kind in types.items()}
        told = [
            {"id": str(one.id), "symbol": one.symbol, "category": "linear", "side": "None",
             "transactionTime": str(one.at), "type": names[one.type], "currency": one.coin,
             "funding": text(one.amount) if one.type == "funding" else "",
             "cashFlow": "0", "change": text(one.amount), "fee": "0", "feeRate": text(one.rate)}
            for one in rows
        ]  # fmt: skip
        return self.said({"list": told, "nextPageCursor": cursor})

    # --- positions ------------------------------------------------------------------------------

    def positions(self, call: Call) -> dict[str, Any]:
        """One that is named is shown even where there is none; of all only those that are open."""
        account, params = call.account, call.params
        if kind_of(params) is Kind.SPOT:
            raise wrong("category")
        name, settle = params.get("symbol"), params.get("settleCoin")
        if not name and not settle and not params.get("baseCoin"):
            raise error(
                10001, "Missing some parameters that must be filled in, symbol or settleCoin"
            )
        found = [
            one
            for one in self.perpetuals()
            if (one.name == name if name else account.position(one.name).quantity)
            and settle in (None, one.quote)
        ]
        rows, cursor = turned(found, params, 200)
        told = [row for one in rows for row in self._rows(account, one)]
        return self.said({"category": "linear", "list": told, "nextPageCursor": cursor})

    def _rows(self, account: Account, market: Market) -> list[dict[str, Any]]:
        """In hedge mode there is a long and a short one, whether they are open or not."""
        if not account.hedged:
            return [self.position_row(account, market.name)]
        return [self.position_row(account, market.name) | {"positionIdx": n} for n in (1, 2)]

    def position_row(self, account: Account, symbol: str) -> dict[str, Any]:
        return shapes.position_row(
            account.position(symbol), account.setting(symbol), self.engine.price(symbol),
            self.engine.liquidation(account.key, symbol),
        )  # fmt: skip

    # --- settings -------------------------------------------------------------------------------

    def set_leverage(self, call: Call) -> dict[str, Any]:
        account, params = call.account, call.params
        self.may_trade(account, Kind.PERPETUAL)
        market = self.engine.market(Kind.PERPETUAL, str(params.get("symbol", "")))
        wanted = whole(params, "buyLeverage", 0)
        if whole(params, "sellLeverage", 0) != wanted:
            raise wrong("leverage")
        if account.setting(market.name).leverage == wanted:
            raise error(110043, "leverage not modified")
        self.engine.set_leverage(account.key, market.name, wanted)
        return self.said({})

    def set_margin(self, call: Call) -> dict[str, Any]:
        account, wanted = call.account, call.params.get("setMarginMode")
        self.may_trade(account, Kind.PERPETUAL)
        if wanted not in MODES[:2]:
            raise wrong("setMarginMode")
        isolated = wanted == MODES[1]
        busy = [
            one.name
            for one in self.perpetuals()
            if account.setting(one.name).isolated is not isolated
            and (account.orders(Kind.PERPETUAL, one.name) or account.position(one.name).quantity)
        ]
        if busy:
            reason = {"reasonCode": "3400060", "reasonMsg": f"Open positions in {busy[0]}"}
            raise error(3400045, "Set margin mode failed", result={"reasons": [reason]})
        for one in self.perpetuals():
            account.setting(one.name).isolated = isolated
        return self.said({"reasons": []})

    def switch_isolated(self, call: Call) -> dict[str, Any]:
        raise error(100028, "unified account is forbidden")

    def switch_mode(self, call: Call) -> dict[str, Any]:
        self.may_trade(call.account, Kind.PERPETUAL)
        try:
            self.engine.set_hedged(call.account.key, whole(call.params, "mode", 0) == 3)
        except Refused as refused:
            if refused.why is Why.SAME:
                raise error(110025, "Position mode is not modified") from None
            raise error(110024, "You have an existing position.") from None
        return self.said({})
