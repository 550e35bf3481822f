"""A place for one invocation: the environment that it gets, and whose capacity it uses."""

from __future__ import annotations

from dataclasses import dataclass

from kennel.scaling import admission
from kennel.services.lambda_.environments.environment import Environment
from kennel.services.lambda_.environments.pool import Pool
from kennel.services.lambda_.environments.provisioned_pool import ProvisionedPool

__all__ = ["Seat"]


@dataclass(frozen=True, slots=True, eq=False)
class Seat:
    """`provisioned` are the provisioned environments of what was invoked, used by this invocation
    or not, and `owner` is the version or alias that has them; None and empty if there are none."""

    function: str
    version: str
    environment: Environment
    pool: admission.Pool
    on_demand: Pool
    provisioned: ProvisionedPool | None = None
    owner: str = ""

    def release(self, now: float) -> None:
        """Gives the environment back. `now` is policy time."""
        if self.provisioned is not None and self.pool is admission.Pool.PROVISIONED:
            self.provisioned.release(self.environment)
        else:
            self.on_demand.release(self.environment, now)

    def discard(self) -> None:
        """Gives up an environment that is of no more use."""
        if self.provisioned is not None and self.pool is admission.Pool.PROVISIONED:
            self.provisioned.discard(self.environment)
        else:
            self.on_demand.discard(self.environment)
