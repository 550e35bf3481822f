"""Times in files: seconds, or dates as AWS and spreadsheets write them."""

from __future__ import annotations

import math
from datetime import UTC, datetime

__all__ = ["moment"]


def moment(text: str | float) -> float | None:
    """Seconds since some origin, of a number or an ISO 8601 date (UTC unless it says otherwise);
    None if it is neither."""
    try:
        number = float(text)
    except ValueError:
        pass
    else:
        return number if math.isfinite(number) else None
    try:
        found = datetime.fromisoformat(str(text).strip())
    except ValueError:
        return None
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
