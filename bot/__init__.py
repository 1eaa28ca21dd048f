"""The machine: start-up, wiring, clocks and the outside world."""
