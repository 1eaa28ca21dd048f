"""Forms: a tap that asks for a text, and the text, come together."""

from decimal import Decimal

from handlers.chat import Reply, Tap
from tests.support.conversation import ADA, Conversation, plain


async def filled(talk: Conversation, verb: str, number: int, words: str) -> list[Reply]:
    tap = Tap(verb, number, 1)
    data = f"{verb}:{number}:1"
    return await talk.handle(talk.incoming(ADA, text=words, tap=tap, tap_data=data))


async def test_the_text_answers_the_question_that_the_tap_puts(talk: Conversation) -> None:
    strategy = await talk.strategy()
    [question] = await filled(talk, "edit", strategy.id, "risk 2%")
    assert "Change #1" in question.words.plain() and "+ 2" in question.words.plain()
    await talk.press("Yes")
    changed = await talk.desk.memory.strategies.get(strategy.owner_id, strategy.id)
    assert (changed.version, changed.spec.risk_percent) == (2, Decimal(2))


async def test_what_a_form_leaves_unclear_can_be_said_again(talk: Conversation) -> None:
    strategy = await talk.strategy()
    assert "nothing to change" in plain(await filled(talk, "edit", strategy.id, "hm"))
    assert "Change #1" in plain(await talk.say("risk 2%"))


async def test_a_form_that_is_handled_again_asks_the_same(talk: Conversation) -> None:
    """The process died before the answer was stored."""
    strategy = await talk.strategy()
    tap = Tap("edit", strategy.id, 1)
    incoming = talk.incoming(ADA, text="risk 2%", tap=tap, tap_data="edit:1:1")
    [first] = await talk.handle(incoming)
    [again] = await talk.handle(incoming)
    assert first.words == again.words
    await talk.press("Yes")
    changed = await talk.desk.memory.strategies.get(strategy.owner_id, strategy.id)
    assert changed.version == 2


async def test_a_form_for_something_that_is_gone(talk: Conversation) -> None:
    said = plain(await filled(talk, "edit", 99, "risk 2%"))
    assert "no such thing" in said


async def test_every_form_has_its_question(talk: Conversation) -> None:
    forms = talk.router.forms()
    assert "edit" in forms and all(len(question) <= 45 for question in forms.values())
