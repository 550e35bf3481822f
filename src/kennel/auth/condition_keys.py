"""The values of condition keys in one request, looked up when a condition asks for them.

Source: "AWS global condition context keys" in the IAM user guide. What is not here is absent from
every request: organizations, VPCs and their endpoints, federation, `s3:TlsVersion`, and
`aws:CalledVia`, which none of the services here is listed for.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from kennel.auth.claim import ALGORITHM
from kennel.auth.timestamps import extended_format
from kennel.identity import Principal, PrincipalKind
from kennel.services import Access, Context

__all__ = ["RequestKeys"]

Values = tuple[str, ...]

_ITSELF = frozenset({"127.0.0.1", "::1", ""})
_PRINCIPAL_TAG = "aws:principaltag/"
_RESOURCE_TAGS = (
    "aws:resourcetag/",
    "iam:resourcetag/",
    "sagemaker:resourcetag/",
    "s3:existingobjecttag/",
)


class RequestKeys(Mapping[str, Values]):
    """Condition keys by name in lower case: the action's own, the caller's, the connection's, the
    resource's. Each is looked up once. `asked` has what a condition asked for, None for what is
    absent; empty, the decision depends on none of them."""

    __slots__ = ("_access", "_context", "_tags", "_wall", "asked")

    def __init__(
        self,
        context: Context,
        access: Access,
        tags: Mapping[str, str],
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._context = context
        self._access = access
        self._tags = tags
        self._wall = wall
        self.asked: dict[str, Values | None] = {}

    def __getitem__(self, key: str) -> Values:
        found: Values | None = self.get(key)
        if found is None:
            raise KeyError(key)
        return found

    def get(self, key: str, default: Any = None) -> Any:
        """Hot: a decision may ask for the same key a thousand times."""
        try:
            found = self.asked[key]
        except KeyError:
            found = self._access.context.get(key)
            if found is None:
                found = self._global(key)
            self.asked[key] = found
        return default if found is None else found

    def __iter__(self) -> Iterator[str]:
        names = {*self._access.context, *_OF_CALLER, *_OF_CONNECTION}
        return (name for name in sorted(names) if self.get(name) is not None)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def facts(self) -> Mapping[str, Values]:
        """What belongs into the record: the action's own keys and those that were asked for."""
        if not self.asked:
            return self._access.context
        there = {key: values for key, values in self.asked.items() if values is not None}
        return {**self._access.context, **there}

    def _global(self, key: str) -> Values | None:
        of_caller = _OF_CALLER.get(key)
        if of_caller is not None:
            return _one(of_caller(self._context.principal))
        of_connection = _OF_CONNECTION.get(key)
        if of_connection is not None:
            return _one(of_connection(self._context))
        if key == "aws:currenttime":
            return (extended_format(self._wall()),)
        if key == "aws:epochtime":
            return (str(int(self._wall())),)
        if key == "s3:signatureage":
            return _one(_signature_age(self._context, self._wall()))
        if key in ("aws:resourceaccount", "s3:resourceaccount"):
            return (account_of(self._access.resource, self._context.account_id),)
        if key.startswith(_PRINCIPAL_TAG):
            return _tag(self._tags, key[len(_PRINCIPAL_TAG) :])
        for prefix in _RESOURCE_TAGS:
            if key.startswith(prefix):
                return _tag(self._resource_tags(), key[len(prefix) :])
        return None

    def _resource_tags(self) -> Mapping[str, str]:
        arn = self._access.resource
        service = self._context.dispatcher.service(service_of(arn))
        return {} if service is None else service.resource_tags(arn)


def service_of(arn: str) -> str:
    """The service in an ARN, as botocore calls it; empty for `*`."""
    parts = arn.split(":", 3)
    return parts[2] if len(parts) == 4 else ""


def account_of(arn: str, own: str) -> str:
    """The account that a resource belongs to; `own` where the ARN does not say (S3)."""
    parts = arn.split(":", 5)
    return (parts[4] if len(parts) == 6 else "") or own


def _one(value: str | None) -> Values | None:
    return None if value is None else (value,)


def _tag(tags: Mapping[str, str], name: str) -> Values | None:
    """Tags' keys in condition keys are not case-sensitive."""
    return next(((value,) for key, value in tags.items() if key.lower() == name), None)


def _is_service(principal: Principal) -> bool:
    return principal.kind is PrincipalKind.SERVICE


def _arn(principal: Principal) -> str | None:
    if principal.kind in (PrincipalKind.SERVICE, PrincipalKind.ANONYMOUS):
        return None
    return principal.role_arn or principal.arn


def _username(principal: Principal) -> str | None:
    if principal.kind is not PrincipalKind.USER:
        return None
    return principal.arn.rpartition("/")[2]


def _type(principal: Principal) -> str | None:
    return None if _is_service(principal) else principal.kind.value


def _issued(principal: Principal) -> str | None:
    return None if principal.session is None else extended_format(principal.session.issued)


def _mfa(principal: Principal) -> str | None:
    """Only temporary credentials say it; nobody has such a device here."""
    return None if principal.session is None else "false"


_OF_CALLER: Mapping[str, Callable[[Principal], str | None]] = {
    "aws:multifactorauthpresent": _mfa,
    "aws:principalaccount": lambda one: None if _is_service(one) else one.account_id or None,
    "aws:principalarn": _arn,
    "aws:principalisawsservice": lambda one: str(_is_service(one)).lower(),
    "aws:principalservicename": lambda one: one.arn if _is_service(one) else None,
    "aws:principaltype": _type,
    "aws:tokenissuetime": _issued,
    "aws:userid": lambda one: None if _is_service(one) else one.user_id,
    "aws:username": _username,
}


def _source(name: str) -> Callable[[Context], str | None]:
    return lambda context: context.source.get(name) or None


def _source_ip(context: Context) -> str | None:
    return None if context.called_by else context.source.get("source_ip") or None


def _secure(context: Context) -> str:
    """A call that never leaves this machine can't be overheard: what TLS is asked for."""
    source = context.source
    is_secure = source.get("secure") == "true" or source.get("source_ip", "") in _ITSELF
    return str(bool(context.called_by) or is_secure).lower()


def _source_account(context: Context) -> str | None:
    """A service works for the account that its resources are in."""
    return context.account_id if _is_service(context.principal) else None


def _made_here(context: Context) -> bool:
    """Whether a service makes the call, which nobody signed on the wire: as if signed just now."""
    return bool(context.called_by) or not context.source


def _auth_type(context: Context) -> str | None:
    return "REST-HEADER" if _made_here(context) else context.source.get("auth_type")


def _signed_at(context: Context) -> float | None:
    """None if the call has no signature, 0 if it is one of Version 2."""
    if context.principal.kind is PrincipalKind.ANONYMOUS:
        return None
    signed = context.source.get("signed_at")
    return None if signed is None else float(signed)


def _signature_version(context: Context) -> str | None:
    if _made_here(context):
        return ALGORITHM
    signed = _signed_at(context)
    return None if signed is None else ALGORITHM if signed else "AWS"


def _signature_age(context: Context, now: float) -> str | None:
    """In milliseconds; always 0 for Signature Version 2."""
    if _made_here(context):
        return "0"
    signed = _signed_at(context)
    return None if signed is None else str(max(0, int((now - signed) * 1000)) if signed else 0)


# S3's own: "Amazon S3 Signature Version 4 Authentication Specific Policy Keys".
_OF_CONNECTION: Mapping[str, Callable[[Context], str | None]] = {
    "aws:referer": _source("referer"),
    "aws:requestedregion": lambda context: context.region,
    "aws:securetransport": _secure,
    "aws:sourceaccount": _source_account,
    "aws:sourcearn": _source("source_arn"),
    "aws:sourceip": _source_ip,
    "aws:useragent": _source("user_agent"),
    "aws:viaawsservice": lambda context: str(context.forwarded).lower(),
    "s3:authtype": _auth_type,
    "s3:signatureversion": _signature_version,
}
