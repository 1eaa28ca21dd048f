"""What the answer to a cancellation says: where it says enough, nobody has to look again."""

from collections.abc import Mapping
from typing import Any

from agents.domain.money import ZERO
from agents.domain.order import BrokerOrder, OrderState
from bot.connectors.ccxt_live_numbers import told
from bot.connectors.ccxt_live_session import Session


def unfilled(session: Session, said: Mapping[str, Any]) -> dict[str, BrokerOrder]:
    """By client id the orders that were cancelled before anything of them was filled; of a pair
    both. Empty where the exchange does not say that much, or says anything else."""
    info = said.get("info")
    if not isinstance(info, Mapping):
        return {}
    rows = [one for one in info.get("orderReports") or [info] if _is_clean(one)]
    names = {session.dialect.client_id(one["origClientOrderId"]): one for one in rows}
    reason = f"{session.title} says {OrderState.CANCELLED}"
    return {
        name: BrokerOrder(
            name, OrderState.CANCELLED, ZERO, (), reason, str(row.get("orderId") or "")
        )
        for name, row in names.items()
    }


def _is_clean(row: Mapping[str, Any]) -> bool:
    """Binance's own words; `clientOrderId` names the cancellation there."""
    done = row.get("status") == "CANCELED" and bool(row.get("origClientOrderId"))
    return done and told(row.get("executedQty"), row) == ZERO
