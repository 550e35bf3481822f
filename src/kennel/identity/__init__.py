"""Who callers are, and the keys that prove it."""

from kennel.identity.credentials import CredentialDirectory, Credentials
from kennel.identity.principal import Principal, PrincipalKind
from kennel.identity.root_file import RootFileError

__all__ = ["CredentialDirectory", "Credentials", "Principal", "PrincipalKind", "RootFileError"]
