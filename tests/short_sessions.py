"""`python -m tests.short_sessions SECONDS PYTHON -m kennel …`: the kennel command, whose processes
get sessions of so many seconds, so that a test need not wait for half an hour."""

from __future__ import annotations

import sys

from kennel.cli.main import main
from kennel.services.process_credentials import CredentialDesk

__all__ = ["prefix"]


def prefix(seconds: float) -> tuple[str, ...]:
    """What goes before a plane's command."""
    return (sys.executable, "-m", "tests.short_sessions", str(seconds))


if __name__ == "__main__":
    CredentialDesk.session_seconds = float(sys.argv[1])
    sys.exit(main(sys.argv[sys.argv.index("kennel") + 1 :]))
