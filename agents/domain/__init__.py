"""PURE: the trade's own words and rules; no I/O, no clock, no waiting."""
