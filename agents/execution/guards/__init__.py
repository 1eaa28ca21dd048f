"""Stops and targets that rest at an exchange, kept as the book says."""
