"""What a log line says it is about."""

from datetime import UTC, datetime
from decimal import Decimal

from agents.domain.decision import Action, Decision
from agents.domain.order import BrokerOrder, Fill, OrderIntent, OrderPurpose, OrderSide, OrderState
from agents.domain.strategy import Mode
from agents.domain.trail import ids

NOW = datetime(2026, 1, 1, tzinfo=UTC)
ENTRY = OrderIntent(
    key="entry:proposal:7:v2",
    owner_id=1,
    strategy_id=3,
    account_id=2,
    symbol="BTC/USDT",
    mode=Mode.PAPER,
    purpose=OrderPurpose.ENTRY,
    side=OrderSide.BUY,
    quantity=Decimal(1),
    created_at=NOW,
    proposal_id=7,
)
FILL = Fill(
    ENTRY.client_id, "t1", "BTC/USDT", OrderSide.BUY, Decimal(1), Decimal(1), Decimal(0), "BTC", NOW
)
DECISION = Decision(3, 1, 1, "BTC/USDT", "5m", NOW, Action.ENTER_LONG, "it rose", NOW, id=41)


def test_an_order_names_its_cause_and_its_name_at_the_exchange() -> None:
    assert ids(ENTRY) == {
        "proposal": 7,
        "strategy": 3,
        "owner": 1,
        "order": ENTRY.client_id,
        "intent": "entry:proposal:7:v2",
    }


def test_several_subjects_are_one_line_in_the_order_of_what_came_of_what() -> None:
    told = ids(FILL, ENTRY, DECISION)
    names = ["decision", "proposal", "strategy", "owner", "order", "intent", "trade"]
    assert list(told) == names
    assert told["decision"] == 41 and told["trade"] == "t1"


def test_what_is_not_known_is_left_out() -> None:
    assert ids(None) == {}
    answer = BrokerOrder(ENTRY.client_id, OrderState.OPEN, Decimal(0))
    assert ids(answer) == {"order": ENTRY.client_id}
