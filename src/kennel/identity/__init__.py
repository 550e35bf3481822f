"""Who callers are, and the keys that prove it."""

from kennel.identity.credentials import CredentialDirectory, Credentials
from kennel.identity.grants import Grant, GrantDirectory, Ticket
from kennel.identity.root_file import RootFileError
from kennel.policy import Principal, PrincipalKind

__all__ = [
    "CredentialDirectory",
    "Credentials",
    "Grant",
    "GrantDirectory",
    "Principal",
    "PrincipalKind",
    "RootFileError",
    "Ticket",
]
