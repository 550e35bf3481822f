"""Kennel runs AWS machine-learning operations for real on one's own machine."""

__all__ = ["__version__"]

__version__ = "0.1.0"
