"""Signals for channels: what is published of a trade, and the record of it."""
