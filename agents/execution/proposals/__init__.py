"""From a signal to an approved proposal: proposing, taps, votes, windows, the price once more."""
