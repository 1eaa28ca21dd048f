"""/settings key: a user's own key for the model."""

from agents.domain.errors import AskUser, OperatorNeeded
from handlers import texts
from handlers.chat import Reply, Words, code, text
from handlers.desk import Desk
from handlers.model_keys import KeyState
from handlers.turn import Answer, Turn
from handlers.veil import OFF

_SHORTEST, _LONGEST = 8, 400  # characters of a key
_SEEN = (
    "A key is a secret, and this group has seen that one: nothing was stored. Make a new key at "
    "its provider; a group's desk uses the model of this Parley."
)


async def line(desk: Desk, user_id: int) -> Words:
    """What /settings says about the user's key."""
    own = await desk.keys.find(user_id)
    if own.state is KeyState.NONE:
        return text("Model key: none of your own. Add one with ") + code("/settings key sk-…")
    if own.state is KeyState.LOCKED:
        said = "Model key: it can't be opened any more; send it again with "
        return text(said) + code("/settings key sk-…")
    refused = " was refused; the rules decide alone" if own.state is KeyState.REFUSED else ""
    return text(f"Model key: yours, ending in {own.ends}{refused}. Remove it with ") + code(
        "/settings key off"
    )


async def key(desk: Desk, turn: Turn, said: str) -> Answer:
    """/settings key KEY, /settings key off. `said` is sealed, as the door leaves it."""
    if not said:
        return [texts.said(await line(desk, turn.user.id))]
    if said.lower() == OFF:
        return [await _dropped(desk, turn)]
    removes = turn.incoming.message_id
    if not (turn.incoming.private or turn.incoming.discreet):
        return [Reply(text(_SEEN), removes=removes)]
    try:
        ends = _ending(desk, said)
    except AskUser as error:
        return [Reply(text(str(error)), removes=removes)]
    await desk.keys.keep(turn.user.id, said)
    words = (
        f"🔑 Your model key ending in {ends} is stored, encrypted. The model is asked with it "
        "for your strategies and sentences, and its provider charges you. "
    )
    return [Reply(text(words) + code("/settings key off") + text(" removes it."), removes=removes)]


async def _dropped(desk: Desk, turn: Turn) -> Reply:
    if (await desk.keys.find(turn.user.id)).state is KeyState.NONE:
        return texts.said("There was no model key of yours.")
    await desk.keys.drop(turn.user.id)
    after = "the desk's model" if desk.advisor else "the rules alone"
    return texts.said(f"🔑 Your model key is removed; {after} will judge for you.")


def _ending(desk: Desk, sealed: str) -> str:
    """The last characters of a sealed key. Raises AskUser for what can't be one."""
    try:
        key = desk.keys.opened(sealed)
    except OperatorNeeded:
        raise AskUser("The desk's secret has changed meanwhile; send the key again.") from None
    fits = _SHORTEST <= len(key) <= _LONGEST
    if not (fits and key.isascii() and key.isprintable() and " " not in key):
        raise AskUser(
            "That does not look like a key, and nothing was stored. Write /settings key, a space "
            "and the key as your provider shows it."
        )
    return key[-4:]
