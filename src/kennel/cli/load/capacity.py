"""How many instances or environments the target has while the load runs, asked now and then."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from kennel.cli.load.service import Service
from kennel.cli.load.target import Kind, Target

__all__ = ["Capacity", "capacity_question", "watch"]

EVERY = 1.0  # seconds; DescribeEndpoint takes several a second on AWS


@dataclass(slots=True)
class Capacity:
    """What was seen: (seconds from the beginning, number), one entry a change."""

    changes: list[tuple[float, int]] = field(default_factory=list)
    error: str = ""

    def see(self, at: float, number: int) -> None:
        """Notes a number that was seen."""
        if not self.changes or self.changes[-1][1] != number:
            self.changes.append((at, number))

    @property
    def now(self) -> int | None:
        return self.changes[-1][1] if self.changes else None

    def seconds(self, until: float) -> float | None:
        """Instance-seconds from 0 to `until`; the first number counts from 0. None if none was
        seen."""
        if not self.changes:
            return None
        total = 0.0
        ends = [at for at, _ in self.changes[1:]] + [until]
        began = 0.0
        for (_, number), ended in zip(self.changes, ends, strict=True):
            bounded = min(ended, until)
            total += number * max(0.0, bounded - began)
            began = max(began, bounded)
        return total


def capacity_question(target: Target, service: Service) -> Callable[[], int | None] | None:
    """A call that tells how many instances an endpoint has, or how much provisioned concurrency a
    function's version or alias; None where there is no such number. The call raises botocore's
    errors."""
    if target.kind is Kind.ENDPOINT:
        sagemaker = service.client("sagemaker")

        def instances() -> int | None:
            described = sagemaker.describe_endpoint(EndpointName=target.name)
            variants: list[dict[str, Any]] = described.get("ProductionVariants", [])
            return sum(int(variant.get("CurrentInstanceCount", 0)) for variant in variants)

        return instances
    if not target.qualifier or target.qualifier == "$LATEST":
        return None
    functions = service.client("lambda")

    def provisioned() -> int | None:
        try:
            found = functions.get_provisioned_concurrency_config(
                FunctionName=target.name, Qualifier=target.qualifier
            )
        except functions.exceptions.ProvisionedConcurrencyConfigNotFoundException:
            return None
        return int(found.get("AvailableProvisionedConcurrentExecutions", 0))

    return provisioned


async def watch(
    capacity: Capacity, question: Callable[[], int | None], began: float, every: float = EVERY
) -> None:
    """Asks until it is cancelled, in threads. A question that fails is asked again later; the
    load's requests are what matters. `began` is on time.perf_counter."""
    from botocore.exceptions import BotoCoreError, ClientError

    while True:
        try:
            number = await asyncio.to_thread(question)
        except (BotoCoreError, ClientError) as error:
            capacity.error = str(error)
        else:
            if number is None:
                return
            capacity.see(time.perf_counter() - began, number)
        await asyncio.sleep(every)
