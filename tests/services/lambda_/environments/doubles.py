"""Environments without a process, for tests of what keeps them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

from kennel.services.lambda_.environments.deployment import Deployment
from kennel.services.lambda_.environments.environment import seconds_up

__all__ = ["DEPLOYMENT", "Double"]

DEPLOYMENT = Deployment(
    function="dogs",
    version="$LATEST",
    region="us-east-1",
    code=Path("/nowhere"),
    handler="main.handler",
    runtime="python3.11",
    role="arn",
    timeout=3,
    memory=128,
    log_group="/aws/lambda/dogs",
    environment={},
)


class Double:
    """As much of an environment as its keepers look at. `outcomes` are what its initializations
    come to, the last one for ever; `gate` holds them up."""

    def __init__(self, outcomes: tuple[bool, ...] = (True,), gate: asyncio.Event | None = None):
        self.born = seconds_up()
        self.idle_since = 0.0
        self.lost: Callable[[], None] | None = None
        self.up = False
        self.prepared = 0
        self._outcomes = outcomes
        self._gate = gate

    async def prepare(self, limit: float) -> bool:
        await asyncio.sleep(0)
        if self._gate is not None:
            await self._gate.wait()
        self.up = self._outcomes[min(self.prepared, len(self._outcomes) - 1)]
        self.prepared += 1
        return self.up

    def end(self) -> None:
        """Its process ends by itself."""
        self.up = False
        if self.lost is not None:
            self.lost()
