"""Signal texts, read without a model: what is not clear is named, and nothing is invented."""

from agents.signals.reading.pairs import canonical
from agents.signals.reading.reader import read_signal

__all__ = ["canonical", "read_signal"]
