"""What is wrong with somebody's money: alarms, exchange accounts, and numbers out of line."""

from agents.domain.errors import NotFound
from agents.domain.position import PositionState
from agents.domain.user import User
from handlers import texts, trades
from handlers.chat import Reply, Rows, Words, bold, text
from handlers.desk import Desk, Facts

_HEADS = {
    "paused": "⏸ Exchange account paused",
    "ready": "▶️ Exchange account is ready again",
    "away": "🟠 The exchange can't be reached",
    "back": "🟢 The exchange answers again",
    "refused": "⛔ The exchange refuses the key",
}


async def alarm(desk: Desk, user: User, facts: Facts) -> Reply:
    """The loudest message there is: money is in danger, and what is done about it."""
    glance, rows = await _position(desk, user, facts)
    words = texts.sentence(str(facts["summary"]))
    title = facts.get("title") or "Your money is in danger"
    what = [texts.sentence(str(facts["next"]))] if facts.get("next") else []
    return Reply(texts.said(bold(f"🚨🚨 {title} 🚨🚨"), words, *what, *glance).words, rows)


async def _position(desk: Desk, user: User, facts: Facts) -> tuple[list[Words | str], Rows]:
    """The position that it is about, with its buttons while it is open."""
    try:
        number = int(facts.get("position_id") or 0)
        position = await desk.memory.positions.get(user.id, number)
    except NotFound:
        return [], ()
    price, instrument = desk.price(position.symbol), await desk.instrument(position.symbol)
    if position.state is PositionState.CLOSED:
        return [f"#{position.id} is closed by now."], ()
    glance = trades.at_a_glance(position, price, instrument, desk.clock.now())
    return [glance], trades.close_buttons(position)


async def account(facts: Facts) -> Reply:
    """An exchange account was paused, resumed or refused; or how a position's stop rests there."""
    state = str(facts.get("state", ""))
    about = "🛡 A stop at the exchange" if "position_id" in facts else "🏦 Your exchange account"
    head = _HEADS.get(state, about)
    more = ["/receipt shows what differs, with a button for each."] if state == "paused" else []
    return texts.said(bold(head), texts.sentence(str(facts["summary"])), *more)


async def anomaly(facts: Facts) -> Reply:
    """Something is outside what history says."""
    return Reply(texts.said(bold("🔬 Out of line"), text(str(facts["summary"]))).words)
