"""A model is connected, but may not be asked for this owner: as if there were none."""

from agents.decision.reasons import NO_MODEL
from agents.domain.decision import Action, Advised, Question
from tests.support.line import Model, line


class Silent(Model):
    """Nobody's key: nothing is asked, and nothing recorded."""

    async def advise(self, question: Question) -> Advised:
        self.asked.append(question)
        return Advised(None)


async def test_the_rules_alone_propose_and_nothing_failed() -> None:
    told = await line(Silent())
    strategy = await told.strategy()
    await told.next(60_200)
    [card] = told.world.proposals
    assert card.advised_by == "rules"
    assert "model" not in " ".join(card.reasons)
    decision = await told.last(strategy)
    assert (decision.action, decision.model_call_id) == (Action.ENTER_LONG, None)
    assert "model" not in decision.reason


async def test_without_rules_nobody_judges() -> None:
    told = await line(Silent())
    strategy = await told.strategy(entry_long=None, guidance="buy when it looks good")
    await told.next(60_200)
    assert (await told.last(strategy)).reason == NO_MODEL
