"""Signals that others post: read, judged, and proposed."""
