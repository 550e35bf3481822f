"""Where signatures look keys up."""

from __future__ import annotations

from typing import Protocol

from kennel.identity import Credentials

__all__ = ["KeyFinder"]


class KeyFinder(Protocol):
    """What verification needs of the credential directory."""

    def find(self, access_key_id: str) -> Credentials | None:
        """The credentials behind a key id; None if it is unknown or inactive."""
