"""Stored intents become orders: sent once, looked up, answered, failed."""
