"""Who callers are, and the keys that prove it."""

from kennel.identity.credentials import CredentialDirectory, Credentials
from kennel.identity.principal import Principal, PrincipalKind

__all__ = ["CredentialDirectory", "Credentials", "Principal", "PrincipalKind"]
