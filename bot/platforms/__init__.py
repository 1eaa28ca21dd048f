"""Chat platforms, one adapter of handlers.chat each, strangers to each other."""
