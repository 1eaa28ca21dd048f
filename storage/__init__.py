"""The memory: the only place that knows the database."""
