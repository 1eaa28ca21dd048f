"""Fills and funding become positions, accounts and messages, exact to the last decimal."""
