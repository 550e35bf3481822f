"""What is put under load: an endpoint or a function, by name or ARN."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from kennel.cli.errors import CommandError, UsageError
from kennel.cli.load.service import Service

__all__ = ["Kind", "Target", "find_target", "parse_target", "refuse_missing"]

_ARN = re.compile(r"arn:[\w-]+:(sagemaker|lambda):([\w-]*):\d*:(endpoint/|function:)(.+)")
_NAME = re.compile(r"[\w-]+")
_NOT_YET = frozenset({"Creating", "Deleting", "Failed", "OutOfService"})
_NOT_FOUND = frozenset({"ValidationException", "ValidationError", "ResourceNotFoundException"})
_DENIED = frozenset({"AccessDeniedException", "AccessDenied"})


class Kind(StrEnum):
    """What may be invoked."""

    ENDPOINT = "endpoint"
    FUNCTION = "function"


@dataclass(frozen=True, slots=True)
class Target:
    """`kind` None: what has that name is to be found out. `qualifier` is a function's version or
    alias, `region` an ARN's; both may be empty."""

    kind: Kind | None
    name: str
    qualifier: str = ""
    region: str = ""

    @property
    def label(self) -> str:
        """As a person would type it."""
        mark = "/" if self.kind is Kind.ENDPOINT else ":"
        return f"{self.name}{mark}{self.qualifier}" if self.qualifier else self.name


def parse_target(text: str) -> Target:
    """Reads NAME, FUNCTION:ALIAS, endpoint:NAME, function:NAME[:ALIAS] or an ARN. Raises
    UsageError."""
    if text.startswith("arn:"):
        match = _ARN.fullmatch(text)
        if match is None or (match[1] == "sagemaker") != (match[3] == "endpoint/"):
            raise UsageError(f"{text} is the ARN of neither an endpoint nor a function.")
        kind = Kind.ENDPOINT if match[1] == "sagemaker" else Kind.FUNCTION
        return _named(kind, match[4], text, match[2])
    for kind in Kind:
        prefix = f"{kind.value}:"
        if text.startswith(prefix):
            return _named(kind, text.removeprefix(prefix), text)
    return _named(Kind.FUNCTION if ":" in text else None, text, text)


def find_target(target: Target, service: Service) -> Target:
    """The target with its kind. Raises UsageError if it is not there or a name is that of both
    kinds, CommandError if it can't be invoked yet."""
    if target.region and target.region != service.region:
        raise UsageError(
            f"The ARN is of {target.region} and the client of {service.region}. Set AWS_REGION, "
            "or name the target without its ARN."
        )
    kinds = [target.kind] if target.kind else list(Kind)
    found = [
        kind for kind in kinds if _exists(Target(kind, target.name, target.qualifier), service)
    ]
    if len(found) > 1:
        raise UsageError(
            f"{target.name} is the name of an endpoint and of a function. Say which: "
            f"endpoint:{target.name} or function:{target.name}."
        )
    if not found:
        raise _missing(target, service)
    return Target(found[0], target.name, target.qualifier, target.region)


@contextmanager
def refuse_missing(target: Target, service: Service) -> Iterator[None]:
    """Turns an answer that the target is not there into the UsageError that find_target raises."""
    from botocore.exceptions import ClientError

    try:
        yield
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") in _NOT_FOUND:
            raise _missing(target, service) from None
        raise


def _missing(target: Target, service: Service) -> UsageError:
    what = target.kind or " or ".join(Kind)
    return UsageError(f"There is no {what} {target.label} at {service.where}.")


def _named(kind: Kind | None, text: str, whole: str, region: str = "") -> Target:
    name, colon, qualifier = text.partition(":")
    parts = [name, qualifier.removeprefix("$")] if colon else [name]
    if not all(_NAME.fullmatch(part) for part in parts) or (colon and kind is Kind.ENDPOINT):
        raise UsageError(
            f"{whole!r} names nothing that can be invoked. Name an endpoint, a function, "
            "FUNCTION:ALIAS or an ARN."
        )
    return Target(kind, name, qualifier, region)


def _exists(target: Target, service: Service) -> bool:
    from botocore.exceptions import ClientError

    try:
        condition = _condition(target, service)
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "")
        if code in _NOT_FOUND:
            return False
        if code in _DENIED and target.kind is not None:
            return False
        raise
    if condition:
        raise CommandError(f"The {target.kind} {target.label} is {condition}: not to be invoked.")
    return True


def _condition(target: Target, service: Service) -> str:
    """The status of what can't be invoked, empty for what can."""
    if target.kind is Kind.ENDPOINT:
        status = service.client("sagemaker").describe_endpoint(EndpointName=target.name)
        return _if_bad(status["EndpointStatus"])
    asked: dict[str, Any] = {"FunctionName": target.name}
    if target.qualifier:
        asked["Qualifier"] = target.qualifier
    state = service.client("lambda").get_function_configuration(**asked).get("State", "Active")
    return str(state) if state == "Failed" else ""


def _if_bad(status: str) -> str:
    return status if status in _NOT_YET else ""
