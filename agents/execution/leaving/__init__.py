"""How a trade ends: stops and targets by ticks, closes by hand, panic."""
