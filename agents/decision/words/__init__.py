"""Sentences to strategies: the reader that needs no key, edits, and the model's door."""

from agents.decision.words.reader import read_sentence as read
from agents.decision.words.reading import Question, Reading

__all__ = ["Question", "Reading", "read"]
