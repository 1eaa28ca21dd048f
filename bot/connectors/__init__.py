"""Exchanges, markets, models and the vault: adapters of the agents' ports."""
