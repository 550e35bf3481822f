"""What AWS/Lambda publishes: by function, by what was invoked, by version, and for the account.

Sources: "Types of metrics for Lambda functions", "Monitoring concurrency", "Working with Lambda
function metrics". Concurrency is noted at each invocation and, while any is under way, once a
minute of policy time. Without invocations nothing is: [O] provisioned concurrency that nobody uses
has no utilization, so that target tracking does not scale it in.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from kennel.scaling.admission import Pool, claimed
from kennel.services.lambda_.environments import Fleet, Seat
from kennel.services.lambda_.naming import FunctionName

if TYPE_CHECKING:
    from kennel.services.cloudwatch import MetricSink
    from kennel.services.service import Parts

__all__ = ["FunctionMetrics"]

_NAMESPACE = "AWS/Lambda"
_MINUTE = 60.0  # seconds of policy time
_MOST_MINUTES = 60  # that are noted afterwards, say if the machine slept
_Dimensions = tuple[tuple[str, str], ...]


class FunctionMetrics:
    """For the event loop. `entered` and `left` go around each invocation."""

    def __init__(self, parts: Parts, fleet: Fleet) -> None:
        self._parts = parts
        self._fleet = fleet
        self._sink: MetricSink | None = None
        self._seats: dict[Seat, tuple[FunctionName, float]] = {}  # since when, in policy time
        self._running: Counter[FunctionName] = Counter()
        self._minute = self._this_minute()

    def count(
        self,
        named: FunctionName,
        metric: str,
        value: float,
        unit: str = "Count",
        version: str = "",
    ) -> None:
        """Publishes a value of one invocation or event, which `version` served."""
        for dimensions in _all_dimensions(named, version):
            self._add(metric, dimensions, value, unit)

    def entered(self, named: FunctionName, seat: Seat) -> None:
        """An invocation begins."""
        self._seats[seat] = named, self._parts.clock.policy()
        self._running[named] += 1
        self._note(named, seat)
        self._note_account()

    def left(self, named: FunctionName, seat: Seat) -> None:
        """It has ended."""
        del self._seats[seat]
        self._running[named] -= 1
        if not self._running[named]:
            del self._running[named]

    def invoked(self, named: FunctionName, seat: Seat, duration: float, *, failed: bool) -> None:
        """What an invocation came to; `duration` in seconds."""
        for metric, value, unit in (
            ("Invocations", 1.0, "Count"),
            ("Errors", float(failed), "Count"),
            ("Duration", duration * 1000, "Milliseconds"),
        ):
            self.count(named, metric, value, unit, seat.version)
        if seat.provisioned is not None:
            is_provisioned = seat.pool is Pool.PROVISIONED
            kind = "Invocations" if is_provisioned else "SpilloverInvocations"
            by_name, by_resource = _by_name(named.name), _by_resource(named.name, seat.owner)
            self._add(f"ProvisionedConcurrency{kind}", (by_name,), 1.0)
            self._add(f"ProvisionedConcurrency{kind}", (by_name, by_resource), 1.0)

    def sweep(self) -> None:
        """Called every second or so: notes what runs for each minute that has begun since. At a
        large time scale these are several."""
        former, self._minute = self._minute, self._this_minute()
        for minute in range(max(former, self._minute - _MOST_MINUTES) + 1, self._minute + 1):
            at = minute * _MINUTE
            noted = {
                (named, seat.owner): (named, seat)
                for seat, (named, since) in self._seats.items()
                if since <= at
            }
            for named, seat in noted.values():
                self._note(named, seat, at)
            if noted:
                self._note_account(at)

    def _this_minute(self) -> int:
        return int(self._parts.clock.policy() // _MINUTE)

    def _note(self, named: FunctionName, seat: Seat, at: float | None = None) -> None:
        by_name = _by_name(named.name)
        of_function = float(self._fleet.ledger.running(named.name))
        self._add("ConcurrentExecutions", (by_name,), of_function, at=at)
        resource = (by_name, _by_resource(named.name, named.qualifier))
        self._add("ConcurrentExecutions", resource, float(self._running[named]), at=at)
        pool = seat.provisioned
        if pool is None:
            return
        configured = (by_name, _by_resource(named.name, seat.owner))
        self._add("ProvisionedConcurrentExecutions", configured, float(pool.busy), at=at)
        if pool.available:
            share = pool.busy / pool.available
            self._add("ProvisionedConcurrencyUtilization", configured, share, at=at)

    def _note_account(self, at: float | None = None) -> None:
        account = self._fleet.ledger.account()
        self._add("ConcurrentExecutions", (), float(account.running), at=at)
        self._add("UnreservedConcurrentExecutions", (), float(account.unreserved), at=at)
        self._add("ClaimedAccountConcurrency", (), float(claimed(account)), at=at)

    def _add(
        self,
        metric: str,
        dimensions: _Dimensions,
        value: float,
        unit: str = "Count",
        at: float | None = None,
    ) -> None:
        if self._sink is None:
            service = self._parts.dispatcher.service("cloudwatch")
            assert service is not None
            self._sink = service.sink  # type: ignore[attr-defined]
        self._sink.add(_NAMESPACE, metric, dimensions, value, unit, at)


def _all_dimensions(named: FunctionName, version: str) -> list[_Dimensions]:
    by_name, by_resource = _by_name(named.name), _by_resource(named.name, named.qualifier)
    found: list[_Dimensions] = [(), (by_name,), (by_name, by_resource)]
    if named.qualifier and version not in ("", named.qualifier):
        found.append((("ExecutedVersion", version), by_name, by_resource))
    return found


def _by_name(function: str) -> tuple[str, str]:
    return "FunctionName", function


def _by_resource(function: str, qualifier: str) -> tuple[str, str]:
    return "Resource", f"{function}:{qualifier}" if qualifier else function
