"""AWS Identity and Access Management."""

from kennel.services.iam.service import Iam

__all__ = ["Iam"]
