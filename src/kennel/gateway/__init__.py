"""The web server in front of the services."""

from kennel.gateway.server import CannotStart, serve

__all__ = ["CannotStart", "serve"]
