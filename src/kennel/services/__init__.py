"""AWS's services, one package each, and the one way to call them."""

from kennel.services.context import Context
from kennel.services.dispatch import Authorizer, Dispatcher
from kennel.services.service import Parts, Service

__all__ = ["Authorizer", "Context", "Dispatcher", "Parts", "Service"]
