"""From a sentence to a strategy, and from data points to a decision."""
