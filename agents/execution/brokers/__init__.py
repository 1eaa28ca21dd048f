"""Brokers that send nothing to an exchange: paper, simulation, validation."""
