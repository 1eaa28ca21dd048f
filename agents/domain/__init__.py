"""The words of the trade: pure values and rules, no I/O, no clock, no await."""
