"""Sentences as traders type them: most fields right, and nothing contradicted in silence."""

from pathlib import Path

import pytest

from agents.decision.words import read
from agents.domain.symbols import DEFAULT_UNIVERSE
from tests.support.sentence_scores import Score, Sentence, scores, sentences

OWN = sentences(Path(__file__).with_name("sentences.jsonl"))
ASKED_OF_THE_READER = 0.9


def judged(found: list[Sentence]) -> list[Score]:
    return [
        score
        for sentence in found
        for score in scores(sentence, read(sentence.text, DEFAULT_UNIVERSE))
    ]


def test_the_shared_sentences(shared_data: Path) -> None:
    every = sentences(shared_data / "text" / "sentences.jsonl", shared_data)
    marks = judged([sentence for sentence in every if not sentence.needs_model])
    wrong = [str(score) for score in marks if not score.right]
    assert 1 - len(wrong) / len(marks) >= ASKED_OF_THE_READER, wrong
    assert wrong == []


def test_the_shared_sentences_that_may_need_a_model(shared_data: Path) -> None:
    every = sentences(shared_data / "text" / "sentences.jsonl", shared_data)
    marks = judged([sentence for sentence in every if sentence.needs_model])
    assert [str(score) for score in marks if not score.right] == []


@pytest.mark.parametrize("sentence", OWN, ids=lambda sentence: sentence.id)
def test_own_sentences(sentence: Sentence) -> None:
    marks = list(scores(sentence, read(sentence.text, DEFAULT_UNIVERSE)))
    assert marks
    assert [str(score) for score in marks if not score.right] == []


@pytest.mark.parametrize("sentence", OWN, ids=lambda sentence: sentence.id)
def test_what_a_sentence_conflicts_in_is_told(sentence: Sentence) -> None:
    """Each field that is not read as said is spoken of, and no reading is silent about doubt."""
    reading = read(sentence.text, DEFAULT_UNIVERSE)
    if sentence.expect.get("must_ask"):
        assert reading.questions or reading.assumptions
    if sentence.expect.get("refuse"):
        assert reading.refused
