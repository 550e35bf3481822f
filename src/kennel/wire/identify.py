"""Which operation of which service a request asks for.

The credential scope names the signing service, which several services may share; then
X-Amz-Target, Action, Smithy's path or the REST route names the operation. A request without a
signature is read by its host, if that is one of AWS's, and by its route.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qs, unquote

from kennel.wire.bounds import MOST_PARAMETERS
from kennel.wire.hosts import bucket_of_host, is_aws_host, service_of_host
from kennel.wire.models import known_service, service_model
from kennel.wire.request import HttpRequest

__all__ = ["Target", "UnknownOperation", "identify", "scope_service", "signing_name"]

# Signing name -> botocore's names of the services that share it. A signing name that is not here
# is botocore's own name.
_SHARED_SCOPES: Mapping[str, tuple[str, ...]] = {
    "sagemaker": ("sagemaker", "sagemaker-runtime"),
    "monitoring": ("cloudwatch",),
}

_TARGET_PREFIXES: Mapping[str, str] = {
    "SageMaker": "sagemaker",
    "Logs_20140328": "logs",
    "GraniteServiceVersion20100801": "cloudwatch",
    "AnyScaleFrontendService": "application-autoscaling",
    "AWSEvents": "events",
    "AmazonEC2ContainerRegistry_V20150921": "ecr",
}

_QUERY_VERSIONS: Mapping[str, str] = {
    "2011-06-15": "sts",
    "2010-05-08": "iam",
    "2016-11-15": "ec2",
    "2010-08-01": "cloudwatch",
}

_REST_ROOTS = (
    (re.compile(r"/endpoints/[^/]+/(async-)?invocations"), "sagemaker-runtime"),
    (re.compile(r"/20\d\d-\d\d-\d\d/"), "lambda"),
)

_PRESIGNED_V2 = frozenset({"AWSAccessKeyId", "Expires", "Signature"})

# REST services that speak XML, of those that Kennel does not run.
_REST_XML = frozenset({"cloudfront", "route53", "s3", "s3express", "s3-outposts"})

_SMITHY_PATH = re.compile(r"/service/([^/]+)/operation/([^/]+)")


class UnknownOperation(Exception):
    """No operation fits the request. `service` is botocore's name as far as it is known; `served`
    is false where AWS may well have such an operation, in a service that we do not look into."""

    def __init__(
        self, message: str, service: str = "", protocol: str = "json", *, served: bool = True
    ) -> None:
        super().__init__(message)
        self.service = service
        self.protocol = protocol
        self.served = served


@dataclass(frozen=True, slots=True)
class Target:
    """An operation, the protocol that it was asked in, and the route's parameters (decoded)."""

    service: str
    operation: str
    protocol: str
    path_parameters: Mapping[str, str] = field(default_factory=dict)


def scope_service(request: HttpRequest) -> str:
    """The signing service in the request's credential scope; empty for an unsigned request.

    A presigned URL of Signature Version 2 has no scope, but only S3 takes it.
    """
    header = request.headers.get("authorization", "")
    match = re.search(r"Credential=[^/,]+/\d+/[^/,]*/([^/,]+)/aws4_request", header)
    if match:
        return match.group(1)
    credential = request.query_values.get("X-Amz-Credential", "")
    parts = credential.split("/")
    if len(parts) == 5:
        return parts[3]
    return "s3" if request.query_values.keys() >= _PRESIGNED_V2 else ""


def signing_name(service: str) -> str:
    """The name by which requests to a service are signed."""
    for name, services in _SHARED_SCOPES.items():
        if service in services:
            return name
    return service


def identify(request: HttpRequest) -> Target:
    """The operation that a request asks for. Raises UnknownOperation.

    The query protocols carry the operation in the body, which must have been read for them.
    """
    smithy = _SMITHY_PATH.fullmatch(request.path)
    if smithy and request.headers.get("smithy-protocol") == "rpc-v2-cbor":
        service = _TARGET_PREFIXES.get(smithy.group(1), "")
        return _checked(service, smithy.group(2), "smithy-rpc-v2-cbor")
    target = request.headers.get("x-amz-target", "")
    if target:
        prefix, _, operation = target.rpartition(".")
        service = _TARGET_PREFIXES.get(prefix, "") or scope_service(request)
        return _checked(service, operation, "json")
    scope = scope_service(request)
    _check_served(request, scope)
    candidates = _SHARED_SCOPES.get(scope, (scope,)) if scope else _unsigned_candidates(request)
    for service in candidates:
        protocol = _native_protocol(service)
        if protocol in ("query", "ec2"):
            return _query_target(request, service, protocol)
        if protocol.startswith("rest-"):
            found = _rest_target(request, service, protocol)
            if found is not None:
                return found
    service = candidates[-1]
    raise UnknownOperation(
        f"Kennel runs no operation of the services that sign as {scope or service} for "
        f"{request.method} {request.path}.",
        service,
        _native_protocol(service),
        served=service == "s3",
    )


def _check_served(request: HttpRequest, scope: str) -> None:
    """Raises UnknownOperation where neither scope nor host is that of a service we look into."""
    if scope and scope not in _SHARED_SCOPES and not known_service(scope):
        reason = f"Kennel runs no service with the signing name {scope}."
    elif scope in ("", "s3") and is_aws_host(request.host):
        # What signs as s3 may be for another service of S3's (s3-control), with paths of its own.
        named = service_of_host(request.host)
        if named and (not scope or named == scope):
            return
        reason = f"Kennel runs no service whose host is {request.host}."
    else:
        return
    raise UnknownOperation(reason, protocol=_spoken_protocol(request, scope), served=False)


def _spoken_protocol(request: HttpRequest, scope: str) -> str:
    """The protocol of a request to a service whose model is not looked into."""
    if request.headers.get("smithy-protocol") == "rpc-v2-cbor":
        return "smithy-rpc-v2-cbor"
    content_type = request.headers.get("content-type", "")
    if "Action" in request.query_values or content_type.startswith("application/x-www-form"):
        return "query"
    if request.path == "/" and "json" in content_type:
        return "json"
    xml = scope in _REST_XML or not scope  # who sends no signature is most likely a browser
    return "rest-xml" if xml else "rest-json"


@lru_cache(maxsize=64)
def _native_protocol(service: str) -> str:
    protocols = service_model(service).metadata.get("protocols") or [
        service_model(service).metadata["protocol"]
    ]
    return "query" if "query" in protocols else str(protocols[0])


def _checked(service: str, operation: str, protocol: str) -> Target:
    if service and known_service(service):
        if operation in service_model(service).operation_names:
            return Target(service, operation, protocol)
        raise UnknownOperation(f"{service} has no operation {operation}.", service, protocol)
    raise UnknownOperation(f"No service that Kennel knows has an operation {operation}.")


def _unsigned_candidates(request: HttpRequest) -> tuple[str, ...]:
    named = service_of_host(request.host)
    if named:
        return (named,)
    content_type = request.headers.get("content-type", "")
    if request.path == "/" and (
        "Action" in request.query_values or content_type.startswith("application/x-www-form")
    ):
        version = _query_values(request).get("Version", "")
        return (_QUERY_VERSIONS.get(version, "sts"),)
    for pattern, service in _REST_ROOTS:
        if pattern.match(request.path):
            return (service,)
    return ("s3",)


def _query_values(request: HttpRequest) -> dict[str, str]:
    values = dict(request.query_values)
    body = request.content.decode("utf-8", "replace")
    if body.count("&") >= MOST_PARAMETERS:
        raise UnknownOperation(
            f"The request has more than {MOST_PARAMETERS} parameters.", protocol="query"
        )
    for name, found in parse_qs(body).items():
        values[name] = found[-1]
    return values


def _query_target(request: HttpRequest, service: str, protocol: str) -> Target:
    operation = _query_values(request).get("Action", "")
    if operation in service_model(service).operation_names:
        return Target(service, operation, protocol)
    raise UnknownOperation(
        f"The action {operation or '(none)'} is not valid for {service}.", service, protocol
    )


@dataclass(frozen=True, slots=True)
class _Route:
    operation: str
    pattern: re.Pattern[str]
    literals: tuple[tuple[str, str], ...]
    required_query: tuple[str, ...]
    required_headers: tuple[str, ...]
    weight: tuple[int, int, int]

    def fits(self, request: HttpRequest, path: str) -> Mapping[str, str] | None:
        match = self.pattern.fullmatch(path)
        if match is None:
            return None
        query = request.query_values
        for name, value in self.literals:
            if name not in query or (value and query[name] != value):
                return None
        if any(name not in query for name in self.required_query):
            return None
        if any(name not in request.headers for name in self.required_headers):
            return None
        return match.groupdict()


def _rest_target(request: HttpRequest, service: str, protocol: str) -> Target | None:
    names = _parameter_names(service)
    path = _routed_path(request) if service == "s3" else request.path
    for route in _routes(service).get(request.method, ()):
        found = route.fits(request, path)
        if found is not None:
            parameters = {names[group]: unquote(value) for group, value in found.items()}
            return Target(service, route.operation, protocol, parameters)
    return None


def _routed_path(request: HttpRequest) -> str:
    """The path as S3's model has it: the bucket first, also where the host names it."""
    bucket = bucket_of_host(request.host)
    return f"/{bucket}{request.path}" if bucket else request.path


@lru_cache(maxsize=64)
def _parameter_names(service: str) -> dict[str, str]:
    """Regex group name -> the route's own name for it (group names can't hold every character)."""
    model = service_model(service)
    return {
        _group(name): name
        for operation in model.operation_names
        for name in re.findall(r"{([^}+]+)\+?}", model.operation_model(operation).http_trait.path)
    }


def _group(name: str) -> str:
    return re.sub(r"\W", "_", name)


@lru_cache(maxsize=64)
def _routes(service: str) -> dict[str, list[_Route]]:
    """The service's routes by method, the most specific first."""
    model = service_model(service)
    by_method: dict[str, list[_Route]] = {}
    for name in model.operation_names:
        operation = model.operation_model(name)
        trait = operation.http_trait
        by_method.setdefault(trait.method, []).append(_route(operation, trait))
    for routes in by_method.values():
        routes.sort(key=lambda route: (*(-part for part in route.weight), route.operation))
    return by_method


def _route(operation: Any, trait: Any) -> _Route:
    pieces = re.split(r"({[^}]+})", trait.path)
    pattern = "".join(_piece_pattern(piece) for piece in pieces)
    fixed = sum(len(piece) for piece in pieces if not piece.startswith("{"))
    shape = operation.input_shape
    query = tuple(shape.required_query_args) if shape is not None else ()
    headers = tuple(h.lower() for h in shape.required_headers) if shape is not None else ()
    literals = tuple(trait.query_args.items())
    return _Route(
        operation=operation.name,
        pattern=re.compile(pattern.rstrip("/") + "/?" if pattern != "/" else pattern, re.DOTALL),
        literals=literals,
        required_query=query,
        required_headers=headers,
        # Of two operations on one route, the one that is not deprecated.
        weight=(2 * len(literals) + len(query) + len(headers), fixed, -int(operation.deprecated)),
    )


def _piece_pattern(piece: str) -> str:
    if not piece.startswith("{"):
        return re.escape(piece)
    name = piece[1:-1]
    if name.endswith("+"):
        return f"(?P<{_group(name[:-1])}>.+)"
    return f"(?P<{_group(name)}>[^/]+)"
