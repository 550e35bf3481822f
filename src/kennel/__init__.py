"""Kennel runs AWS machine-learning operations for real on one's own machine."""

__version__ = "0.1.0"
