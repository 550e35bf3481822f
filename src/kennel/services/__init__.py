"""AWS's services, one package each, and the one way to call them."""

from kennel.services.access import Access
from kennel.services.context import Context
from kennel.services.dispatch import Authorizer, Dispatcher
from kennel.services.service import Parts, Service

__all__ = ["Access", "Authorizer", "Context", "Dispatcher", "Parts", "Service"]
