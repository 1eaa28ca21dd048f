"""What the agents see: candles, indicators, structure, regime."""
