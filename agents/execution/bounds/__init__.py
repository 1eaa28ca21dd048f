"""How much may be traded, by whom, with whose money: accounts, limits, sizes, the ladder."""
