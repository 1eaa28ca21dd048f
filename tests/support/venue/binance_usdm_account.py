"""What Binance USD-M says of an account: balances, positions, leverage, margin and incomes."""

from typing import Any

from tests.support.venue import binance_usdm_shapes as shapes
from tests.support.venue.account import Account
from tests.support.venue.binance import (
    BinanceDoor,
    error,
    needed,
    no_rights,
    text,
    truth,
    whole,
    within,
)
from tests.support.venue.door import Access, Call, Route
from tests.support.venue.faults import Op
from tests.support.venue.records import ZERO, Kind, Market, Position, Refused, Why

HOST = "fapi.binance.com"
V1, V2, V3 = (f"/{HOST}/fapi/v{number}" for number in (1, 2, 3))


class BinanceUsdmAccount(BinanceDoor):
    def account_routes(self) -> list[Route]:
        return [
            Route("GET", f"{V2}/account", self.account_info),
            Route("GET", f"{V3}/account", self.account_info),
            Route("GET", f"{V2}/balance", self.balances),
            Route("GET", f"{V3}/balance", self.balances),
            Route("GET", f"{V2}/positionRisk", self.old_positions, Op.LOOKUP),
            Route("GET", f"{V3}/positionRisk", self.positions, Op.LOOKUP),
            Route("GET", f"{V1}/accountConfig", self.config),
            Route("GET", f"{V1}/symbolConfig", self.symbol_config),
            Route("GET", f"{V1}/leverageBracket", self.brackets),
            Route("GET", f"{V1}/commissionRate", self.rates),
            Route("GET", f"{V1}/income", self.incomes, Op.LOOKUP),
            Route("GET", f"{V1}/userTrades", self.trades, Op.LOOKUP),
            Route("GET", f"{V1}/forceOrders", self.forced, Op.LOOKUP),
            Route("POST", f"{V1}/leverage", self.set_leverage),
            Route("POST", f"{V1}/marginType", self.set_margin),
            Route("GET", f"{V1}/positionSide/dual", self.mode),
            Route("POST", f"{V1}/positionSide/dual", self.set_mode),
            Route("POST", f"{V1}/listenKey", self.listen, Op.STREAM, Access.KEY),
            Route("PUT", f"{V1}/listenKey", self.listen, Op.STREAM, Access.KEY),
            Route("DELETE", f"{V1}/listenKey", self.unlisten, Op.STREAM, Access.KEY),
        ]

    def market_of(self, call: Call) -> Market:
        return self.engine.market(Kind.PERPETUAL, needed(call.params, "symbol"))

    def perpetuals(self) -> list[Market]:
        return [one for one in self.engine.markets.values() if one.kind is Kind.PERPETUAL]

    def may_trade(self, account: Account) -> None:
        if not account.trades_perpetuals:
            raise no_rights()

    # --- balances -------------------------------------------------------------------------------

    def account_info(self, call: Call) -> dict[str, Any]:
        account = call.account
        assets = [self._asset(account, coin) for coin in sorted(account.wallets[Kind.PERPETUAL])]
        usd = [one for one in assets if one["asset"] == "USDT"] or [self._asset(account, "USDT")]
        positions = [
            self._held(account, account.position(one.name), one)
            for one in self.perpetuals()
            if account.position(one.name).quantity or call.path.endswith("v2/account")
        ]
        return {
            "feeTier": 0, "canTrade": account.trades_perpetuals, "canDeposit": True,
            "canWithdraw": account.withdraws, "updateTime": 0, "multiAssetsMargin": False,
            "totalInitialMargin": usd[0]["initialMargin"],
            "totalMaintMargin": usd[0]["maintMargin"],
            "totalWalletBalance": usd[0]["walletBalance"],
            "totalUnrealizedProfit": usd[0]["unrealizedProfit"],
            "totalMarginBalance": usd[0]["marginBalance"],
            "totalPositionInitialMargin": usd[0]["positionInitialMargin"],
            "totalOpenOrderInitialMargin": usd[0]["openOrderInitialMargin"],
            "totalCrossWalletBalance": usd[0]["crossWalletBalance"],
            "totalCrossUnPnl": usd[0]["crossUnPnl"],
            "availableBalance": usd[0]["availableBalance"],
            "maxWithdrawAmount": usd[0]["availableBalance"],
            "assets": assets, "positions": positions,
        }  # fmt: skip

    def balances(self, call: Call) -> list[dict[str, Any]]:
        rows = []
        for coin in sorted(call.account.wallets[Kind.PERPETUAL]):
            one = self._asset(call.account, coin)
            rows.append(
                {
                    "accountAlias": "alias", "asset": coin, "balance": one["walletBalance"],
                    "crossWalletBalance": one["crossWalletBalance"],
                    "crossUnPnl": one["crossUnPnl"],
                    "availableBalance": one["availableBalance"],
                    "maxWithdrawAmount": one["availableBalance"], "marginAvailable": True,
                    "updateTime": one["updateTime"],
                }
            )  # fmt: skip
        return rows

    def _asset(self, account: Account, coin: str) -> dict[str, Any]:
        ours = [one for one in self.perpetuals() if one.quote == coin]
        price = self.engine.price
        total = account.total(Kind.PERPETUAL, coin)
        profit = account.profit(coin, ours, price)
        held = sum((account.held_margin(one.name, price) for one in ours), ZERO)
        ordered = sum((account.order_margin(one.name) for one in ours), ZERO)
        least = sum(
            (abs(account.position(one.name).quantity) * price(one.name) * one.maintenance
             for one in ours), ZERO
        )  # fmt: skip
        return {
            "asset": coin, "walletBalance": text(total), "unrealizedProfit": text(profit),
            "marginBalance": text(total + profit), "maintMargin": text(least),
            "initialMargin": text(held + ordered), "positionInitialMargin": text(held),
            "openOrderInitialMargin": text(ordered), "crossWalletBalance": text(total),
            "crossUnPnl": text(profit),
            "availableBalance": text(account.available(coin, ours, price)),
            "maxWithdrawAmount": text(account.available(coin, ours, price)),
            "marginAvailable": True, "updateTime": self.engine.now(),
        }  # fmt: skip

    # --- positions ------------------------------------------------------------------------------

    def positions(self, call: Call) -> list[dict[str, Any]]:
        """Only those that are open, or have orders."""
        account, wanted = call.account, call.params.get("symbol")
        return [
            self._risk(account, account.position(one.name), one)
            for one in self.perpetuals()
            if wanted in (None, one.name)
            and (account.position(one.name).quantity or account.orders(Kind.PERPETUAL, one.name))
        ]

    def old_positions(self, call: Call) -> list[dict[str, Any]]:
        account, wanted = call.account, call.params.get("symbol")
        rows = []
        for one in self.perpetuals():
            if wanted in (None, one.name):
                setting = account.setting(one.name)
                rows.append(
                    self._risk(account, account.position(one.name), one)
                    | {
                        "leverage": str(setting.leverage), "maxNotionalValue": "50000000",
                        "marginType": "isolated" if setting.isolated else "cross",
                        "isAutoAddMargin": "false",
                    }
                )  # fmt: skip
        return rows

    def _held(self, account: Account, position: Position, market: Market) -> dict[str, Any]:
        row = self._risk(account, position, market)
        row["unrealizedProfit"] = row.pop("unRealizedProfit")
        setting = account.setting(market.name)
        return row | {"leverage": str(setting.leverage), "isolated": setting.isolated}

    def _risk(self, account: Account, position: Position, market: Market) -> dict[str, Any]:
        mark = self.engine.price(market.name)
        isolated = account.setting(market.name).isolated
        margin = position.margin if isolated else ZERO
        notional = position.quantity * mark
        held = account.held_margin(market.name, self.engine.price)
        ordered = account.order_margin(market.name)
        level = self.engine.liquidation(account.key, market.name)
        return {
            "symbol": market.name, "positionSide": "BOTH",
            "positionAmt": text(position.quantity, 3), "entryPrice": _price(position.entry),
            "breakEvenPrice": _price(position.entry), "markPrice": text(mark),
            "unRealizedProfit": text(position.profit(mark)),
            "liquidationPrice": "0" if level is None else f"{level:.8f}",
            "isolatedMargin": _price(margin + position.profit(mark)) if isolated else "0",
            "notional": text(notional), "marginAsset": market.quote,
            "isolatedWallet": _price(margin), "initialMargin": text(held + ordered),
            "maintMargin": text(abs(notional) * market.maintenance),
            "positionInitialMargin": text(held), "openOrderInitialMargin": text(ordered),
            "adl": 2, "bidNotional": "0", "askNotional": "0", "updateTime": position.updated,
        }  # fmt: skip

    # --- settings -------------------------------------------------------------------------------

    def config(self, call: Call) -> dict[str, Any]:
        account = call.account
        return {
            "feeTier": 0, "canTrade": account.trades_perpetuals, "canDeposit": True,
            "canWithdraw": account.withdraws, "dualSidePosition": account.hedged,
            "updateTime": 0, "multiAssetsMargin": False, "tradeGroupId": -1,
        }  # fmt: skip

    def symbol_config(self, call: Call) -> list[dict[str, Any]]:
        rows = []
        for one in self.perpetuals():
            setting = call.account.setting(one.name)
            if call.params.get("symbol") in (None, one.name):
                mode = "ISOLATED" if setting.isolated else "CROSSED"
                rows.append(
                    {"symbol": one.name, "marginType": mode, "isAutoAddMargin": False,
                     "leverage": setting.leverage, "maxNotionalValue": "50000000"}
                )  # fmt: skip
        return rows

    def brackets(self, call: Call) -> list[dict[str, Any]]:
        return [
            {"symbol": one.name, "notionalCoef": 1.0, "brackets": [
                {"bracket": 1, "initialLeverage": one.max_leverage, "notionalCap": 50_000_000,
                 "notionalFloor": 0, "maintMarginRatio": float(one.maintenance), "cum": 0.0}]}
            for one in self.perpetuals()
            if call.params.get("symbol") in (None, one.name)
        ]  # fmt: skip

    def rates(self, call: Call) -> dict[str, Any]:
        market = self.market_of(call)
        return {
            "symbol": market.name, "makerCommissionRate": str(market.maker),
            "takerCommissionRate": str(market.taker), "rpiCommissionRate": str(market.maker),
        }  # fmt: skip

    def set_leverage(self, call: Call) -> dict[str, Any]:
        self.may_trade(call.account)
        market, leverage = self.market_of(call), whole(call.params, "leverage", needed=True) or 0
        try:
            self.engine.set_leverage(call.account.key, market.name, leverage)
        except Refused:
            raise error(-4028, f"Leverage {leverage} is not valid") from None
        return {"symbol": market.name, "leverage": leverage, "maxNotionalValue": "50000000"}

    def set_margin(self, call: Call) -> dict[str, Any]:
        self.may_trade(call.account)
        market, mode = self.market_of(call), needed(call.params, "marginType")
        if mode not in ("ISOLATED", "CROSSED"):
            raise error(-4045, "Invalid margin type.")
        try:
            self.engine.set_isolated(call.account.key, market.name, mode == "ISOLATED")
        except Refused as refused:
            if refused.why is Why.SAME:
                raise error(-4046, "No need to change margin type.") from None
            raise error(-4048, "Margin type cannot be changed if there exists position.") from None
        return {"code": 200, "msg": "success"}

    def mode(self, call: Call) -> dict[str, Any]:
        return {"dualSidePosition": call.account.hedged}

    def set_mode(self, call: Call) -> dict[str, Any]:
        self.may_trade(call.account)
        needed(call.params, "dualSidePosition")
        try:
            self.engine.set_hedged(call.account.key, truth(call.params, "dualSidePosition"))
        except Refused as refused:
            if refused.why is Why.SAME:
                raise error(-4059, "No need to change position side.") from None
            told = "Position side cannot be changed if there exists position."
            raise error(-4068, told) from None
        return {"code": 200, "msg": "success"}

    # --- history --------------------------------------------------------------------------------

    def incomes(self, call: Call) -> list[dict[str, Any]]:
        types = {name: type_ for type_, name in shapes.INCOMES.items()}
        wanted, symbol = call.params.get("incomeType"), call.params.get("symbol")
        found = [
            one
            for one in self.engine.incomes
            if one.account == call.account.key
            and (wanted is None or one.type == types.get(wanted))
            and symbol in (None, one.symbol)
        ]
        return [shapes.income_row(one) for one in within(found, call.params, 100)]

    def trades(self, call: Call) -> list[dict[str, Any]]:
        market, params = self.market_of(call), call.params
        start, end = whole(params, "startTime"), whole(params, "endTime")
        if start is not None and end is not None and end - start > 7 * 86_400_000:
            raise error(
                -4055, "The time between startTime and endTime can't be longer than 7 days."
            )
        order, first = whole(params, "orderId"), whole(params, "fromId", 0) or 0
        wanted = (call.account.key, Kind.PERPETUAL, market.name)
        found = [
            one
            for one in self.engine.fills
            if (one.account, one.kind, one.symbol) == wanted
            and one.id >= first and (order is None or one.order_id == order)
        ]  # fmt: skip
        if "fromId" in params:
            return [shapes.trade_row(one) for one in found[: whole(params, "limit", 500)]]
        return [shapes.trade_row(one) for one in within(found, params)]

    def forced(self, call: Call) -> list[dict[str, Any]]:
        """Orders that the exchange itself made, not those that somebody named so."""
        kind, symbol = call.params.get("autoCloseType"), call.params.get("symbol")
        if kind not in (None, *shapes.FORCED):
            raise error(-1130, "Data sent for parameter 'autoCloseType' is not valid.")
        begins = tuple(shapes.FORCED.values()) if kind is None else shapes.FORCED[kind]
        found = [
            one
            for one in self.engine.orders
            if (one.account, one.kind) == (call.account.key, Kind.PERPETUAL)
            and one.ask.forced and one.client_id.startswith(begins) and symbol in (None, one.symbol)
        ]  # fmt: skip
        return [shapes.order_row(one) for one in within(found, call.params, 50)]

    # --- streams --------------------------------------------------------------------------------

    def listen(self, call: Call) -> dict[str, Any]:
        return {"listenKey": listen_key(call.account.key)}

    def unlisten(self, call: Call) -> dict[str, Any]:
        return {}


def listen_key(key: str) -> str:
    return f"listen{key}"


def _price(number: Any) -> str:
    return "0.0" if not number else text(number, 1)
