"""Sentences to strategies: the reader that needs no key, edits, answers, and the model's door."""

from agents.decision.words.dialogue import answer, answer_line, missing
from agents.decision.words.edit import Change, Edit, edit
from agents.decision.words.reader import read_sentence as read
from agents.decision.words.reading import Question, Reading
from agents.decision.words.schema import ModelReading, from_model

__all__ = [
    "Change",
    "Edit",
    "ModelReading",
    "Question",
    "Reading",
    "answer",
    "answer_line",
    "edit",
    "from_model",
    "missing",
    "read",
]
