"""The constraints that botocore's models state, checked as the services check them.

Clients check little: botocore looks at required members, types and minimums, and leaves enums,
patterns and maximums to the service. The sentences are AWS's ("1 validation error detected: …").
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

import regex

from kennel.errors import ClientError, ValidationException
from kennel.wire.identify import Target
from kennel.wire.models import operation_model

__all__ = ["InvalidParameterException", "ValidationError", "validate"]


_PATTERN_SECONDS = 0.2  # a pattern that is not one of the bad ones takes microseconds
_SHORT = 24  # letters; letting other threads run costs more than matching so few


class ValidationError(ClientError):
    """What CloudWatch, SageMaker's runtime and the query services call a validation failure."""


class InvalidParameterException(ClientError):
    """What CloudWatch Logs calls it."""


def validate(target: Target, parameters: Mapping[str, Any]) -> None:
    """Raises the service's ClientError (most call it ValidationException) for what breaks the
    model's constraints. S3 states its own errors itself."""
    if target.service == "s3":
        return
    operation = operation_model(target.service, target.operation)
    shape = operation.input_shape
    if shape is None:
        return
    try:
        failures = list(_structure_failures(shape, parameters, ""))
    except _TakesTooLong as error:
        failures = [str(error)]
    if not failures:
        return
    noun = "error" if len(failures) == 1 else "errors"
    message = f"{len(failures)} validation {noun} detected: {'; '.join(failures[:10])}"
    raise _kind(operation)(message)


def _kind(operation: Any) -> type[ClientError]:
    """The error that the operation's model names for it. Where it names none: ValidationError of
    the services that have or had the query protocol, ValidationException of the others."""
    named = {shape.name for shape in operation.error_shapes}
    for kind in (ValidationException, ValidationError, InvalidParameterException):
        if kind.__name__ in named:
            return kind
    spoken = {"query", "ec2"} & {*operation.service_model.metadata.get("protocols", ())}
    return ValidationError if spoken else ValidationException


def _failures(shape: Any, value: Any, path: str) -> Iterator[str]:
    kind = shape.type_name
    if kind == "structure":
        if isinstance(value, Mapping):
            yield from _structure_failures(shape, value, path)
        else:
            yield _failure(shape, value, path, "Member must be a structure")
    elif kind == "list":
        yield from _list_failures(shape, value, path)
    elif kind == "map":
        yield from _length_failures(shape, value, path)
        for name, item in value.items():
            yield from _failures(shape.key, name, f"{path}.key")
            yield from _failures(shape.value, item, f"{path}.{name}")
    elif kind == "string":
        yield from _string_failures(shape, value, path)
    elif kind in ("integer", "long", "float", "double"):
        yield from _number_failures(shape, value, path)
    elif kind == "blob" and isinstance(value, bytes):
        yield from _length_failures(shape, value, path)


def _structure_failures(shape: Any, value: Mapping[str, Any], path: str) -> Iterator[str]:
    for name in shape.required_members:
        if value.get(name) is None:
            yield (
                f"Value null at '{_join(path, name)}' failed to satisfy constraint: "
                "Member must not be null"
            )
    for name, member in shape.members.items():
        if value.get(name) is not None:
            yield from _failures(member, value[name], _join(path, name))


def _list_failures(shape: Any, value: Any, path: str) -> Iterator[str]:
    if not isinstance(value, list):
        yield _failure(shape, value, path, "Member must be a list")
        return
    yield from _length_failures(shape, value, path)
    for position, item in enumerate(value, 1):
        yield from _failures(shape.member, item, f"{path}.{position}.member")


def _string_failures(shape: Any, value: Any, path: str) -> Iterator[str]:
    if not isinstance(value, str):
        yield _failure(shape, value, path, "Member must be a string")
        return
    allowed = getattr(shape, "enum", None)
    if allowed and value not in allowed:
        yield _failure(
            shape, value, path, f"Member must satisfy enum value set: [{', '.join(allowed)}]"
        )
    yield from _length_failures(shape, value, path)
    pattern = shape.metadata.get("pattern")
    if pattern and not allowed:
        failure = _failure(
            shape, value, path, f"Member must satisfy regular expression pattern: {pattern}"
        )
        if not _fits(pattern, value, failure):
            yield failure


def _number_failures(shape: Any, value: Any, path: str) -> Iterator[str]:
    if isinstance(value, bool) or not isinstance(value, int | float):
        yield _failure(shape, value, path, "Member must be a number")
        return
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    if low is not None and value < low:
        yield _failure(shape, value, path, f"Member must have value greater than or equal to {low}")
    if high is not None and value > high:
        yield _failure(shape, value, path, f"Member must have value less than or equal to {high}")


def _length_failures(shape: Any, value: Any, path: str) -> Iterator[str]:
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    if low is not None and len(value) < low:
        yield _failure(
            shape, value, path, f"Member must have length greater than or equal to {low}"
        )
    if high is not None and len(value) > high:
        yield _failure(shape, value, path, f"Member must have length less than or equal to {high}")


def _failure(shape: Any, value: Any, path: str, constraint: str) -> str:
    shown = "***" if shape.metadata.get("sensitive") else str(value)[:256]
    return f"Value '{shown}' at '{path}' failed to satisfy constraint: {constraint}"


def _join(path: str, name: str) -> str:
    shown = name[:1].lower() + name[1:]
    return f"{path}.{shown}" if path else shown


class _TakesTooLong(Exception):
    """A value on which a pattern goes on for ever; the text is the failure."""


def _fits(pattern: str, value: str, failure: str) -> bool:
    """Whether a value has the pattern. Some of AWS's patterns take a time that explodes with the
    value's length (`[a-z0-9]([-a-z0-9]*[a-z0-9]){0,39}?`), so it is bounded, and other threads run
    meanwhile. 3 µs. Raises _TakesTooLong."""
    compiled = _compiled(pattern)
    try:
        return compiled is None or bool(
            compiled.fullmatch(value, timeout=_PATTERN_SECONDS, concurrent=len(value) > _SHORT)
        )
    except TimeoutError:
        raise _TakesTooLong(failure) from None


@lru_cache(maxsize=4096)
def _compiled(pattern: str) -> regex.Pattern[str] | None:
    """The pattern, or None for the very few that mean something in Java alone. Among the others are
    classes that `re` does not have (`\\p{L}`, in the patterns of tags)."""
    try:
        return regex.compile(pattern)
    except regex.error:
        return None
