"""Exchange accounts: connected, compared with the book, and what is done about differences."""
