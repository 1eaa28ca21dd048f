"""From an approved proposal to orders, fills, exits and settlement."""
