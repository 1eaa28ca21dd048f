"""The trading: knows no chat, no database and no vendor."""
