"""The AWS Security Token Service."""

from kennel.services.sts.service import Sts

__all__ = ["Sts"]
