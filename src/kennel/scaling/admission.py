"""Lambda's concurrency: whether an invocation runs, and on whose capacity. No clock, no I/O.

The live plane and the planner both ask `admit`. Sources: "Understanding Lambda function scaling",
"Configuring reserved concurrency", "Configuring provisioned concurrency", "Lambda scaling
behavior".

An account has a limit. What a function reserves is its own and its cap. Provisioned environments
are set aside too: within the function's reservation, or within the account's limit where it has
none. What is left of either is for environments on demand. To each amount of concurrency belong
ten times as many requests a second.

The rates are counted in wall time: requests and starts are what processes feel.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

__all__ = [
    "ACCOUNT_LIMIT",
    "ALLOCATION_RATE",
    "LEAST_UNRESERVED",
    "Account",
    "Admission",
    "Bucket",
    "Function",
    "Pool",
    "Provisioned",
    "Rates",
    "ThrottleReason",
    "admit",
    "claimed",
    "request_bucket",
    "start_bucket",
]

ACCOUNT_LIMIT = 1000
"""Invocations at the same time in an account and region ("Lambda quotas")."""
LEAST_UNRESERVED = 100
"""What must be left of it for functions that reserve nothing."""
ALLOCATION_RATE = 100.0
"""Provisioned environments of a function that are allocated in a second of policy time: AWS says
6,000 a minute."""

_REQUESTS = 10  # a second, for each unit of concurrency
_STARTS = 1000  # new environments of a function in 10 s
_START_SECONDS = 10.0


class Pool(StrEnum):
    """Whose capacity an invocation runs on."""

    PROVISIONED = "provisioned"
    RESERVED = "reserved"
    UNRESERVED = "unreserved"


class ThrottleReason(StrEnum):
    """botocore's, as far as Kennel gives them. AWS does not say which limit each is for; the
    rates' are named by what they say."""

    ACCOUNT_CONCURRENCY = "ConcurrentInvocationLimitExceeded"
    FUNCTION_CONCURRENCY = "ReservedFunctionConcurrentInvocationLimitExceeded"
    ACCOUNT_RATE = "CallerRateLimitExceeded"
    FUNCTION_RATE = "ReservedFunctionInvocationRateLimitExceeded"
    START_RATE = "FunctionInvocationRateLimitExceeded"


@dataclass(frozen=True, slots=True)
class Bucket:
    """Tokens that come back at `rate` a second, up to `capacity`; `at` is when `tokens` was
    right. Times in seconds of one and the same clock."""

    rate: float
    capacity: float
    tokens: float
    at: float

    def level(self, now: float) -> float:
        """Tokens now."""
        return min(self.capacity, self.tokens + max(0.0, now - self.at) * self.rate)

    def take(self, now: float) -> Bucket:
        """The bucket with one token less. There must be one."""
        return Bucket(self.rate, self.capacity, self.level(now) - 1.0, max(now, self.at))

    def resized(self, rate: float, capacity: float, now: float) -> Bucket:
        """The bucket for another limit, as full as it was."""
        share = self.level(now) / self.capacity if self.capacity else 1.0
        return Bucket(rate, capacity, capacity * share, max(now, self.at))


def request_bucket(concurrency: int, now: float) -> Bucket:
    """Requests a second for so much concurrency: full, and never more than a second's."""
    rate = float(_REQUESTS * concurrency)
    return Bucket(rate, rate, rate, now)


def start_bucket(now: float) -> Bucket:
    """New environments of a function on demand: 1,000 at once, then 100 a second."""
    return Bucket(_STARTS / _START_SECONDS, _STARTS, _STARTS, now)


@dataclass(frozen=True, slots=True)
class Account:
    """The account's limit, what is set aside of it, and invocations under way.

    `reserved` is the sum of all reservations, `provisioned` that of the allocated provisioned
    environments of functions that reserve nothing. `unreserved` is how many of the `running` ones
    run on unreserved capacity.
    """

    limit: int
    reserved: int
    provisioned: int
    running: int
    unreserved: int


@dataclass(frozen=True, slots=True)
class Function:
    """A function over all of its versions: its reservation (None: none), its allocated
    provisioned environments, its invocations under way, and how many of these run on demand."""

    reserved: int | None
    allocated: int
    running: int
    on_demand: int


@dataclass(frozen=True, slots=True)
class Provisioned:
    """The provisioned concurrency of the version that is invoked: environments that may be used,
    which are none until all are allocated, and those that are in use."""

    available: int
    running: int


@dataclass(frozen=True, slots=True)
class Rates:
    """The buckets that an invocation draws from. `function` is of a function that reserves,
    `provisioned` of a version with usable provisioned concurrency."""

    account: Bucket
    starts: Bucket
    function: Bucket | None = None
    provisioned: Bucket | None = None


@dataclass(frozen=True, slots=True)
class Admission:
    """Either `pool`, and `rates` as they are afterwards, or `reason`."""

    pool: Pool | None
    reason: ThrottleReason | None
    rates: Rates


def admit(
    account: Account,
    function: Function,
    provisioned: Provisioned | None,
    rates: Rates,
    *,
    starts: bool,
    now: float,
) -> Admission:
    """Decides on one invocation. `starts`: on demand it would need a new environment. `now` is in
    seconds of the buckets' clock. What is refused draws nothing."""
    reason = _throttle(account, function, rates, now)
    if reason is not None:
        return Admission(None, reason, rates)
    pool = _pool(account, function, provisioned, rates, now)
    if isinstance(pool, ThrottleReason):
        return Admission(None, pool, rates)
    starting = starts and pool is not Pool.PROVISIONED
    if starting and rates.starts.level(now) < 1.0:
        return Admission(None, ThrottleReason.START_RATE, rates)
    return Admission(pool, None, _drawn(rates, pool, starting, now))


def claimed(account: Account) -> int:
    """ClaimedAccountConcurrency: what can't be had on demand ("Monitoring concurrency")."""
    return account.unreserved + account.reserved + account.provisioned


def _throttle(
    account: Account, function: Function, rates: Rates, now: float
) -> ThrottleReason | None:
    """What stands against an invocation on any capacity."""
    reserved = function.reserved
    if reserved is not None and function.running >= reserved:
        return ThrottleReason.FUNCTION_CONCURRENCY
    if account.running >= account.limit:
        return ThrottleReason.ACCOUNT_CONCURRENCY
    if rates.function is not None and rates.function.level(now) < 1.0:
        return ThrottleReason.FUNCTION_RATE
    if rates.account.level(now) < 1.0:
        return ThrottleReason.ACCOUNT_RATE
    return None


def _pool(
    account: Account,
    function: Function,
    provisioned: Provisioned | None,
    rates: Rates,
    now: float,
) -> Pool | ThrottleReason:
    """Provisioned capacity first, whichever of its two limits comes first; then on demand."""
    if (
        provisioned is not None
        and provisioned.running < provisioned.available
        and (rates.provisioned is None or rates.provisioned.level(now) >= 1.0)
    ):
        return Pool.PROVISIONED
    if function.reserved is not None:
        if function.on_demand >= function.reserved - function.allocated:
            return ThrottleReason.FUNCTION_CONCURRENCY
        return Pool.RESERVED
    if account.unreserved >= account.limit - account.reserved - account.provisioned:
        return ThrottleReason.ACCOUNT_CONCURRENCY
    return Pool.UNRESERVED


def _drawn(rates: Rates, pool: Pool, starting: bool, now: float) -> Rates:
    function, provisioned = rates.function, rates.provisioned
    return Rates(
        rates.account.take(now),
        rates.starts.take(now) if starting else rates.starts,
        None if function is None else function.take(now),
        provisioned.take(now)
        if provisioned is not None and pool is Pool.PROVISIONED
        else provisioned,
    )
