"""The policy simulator: what policies would say, by the engine that decides every call."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from kennel.policy import PolicyType, Principal, PrincipalKind, context_keys
from kennel.policy.typed_values import is_address, is_bool, is_bytes, is_number, read_date
from kennel.services.context import Context
from kennel.services.iam.errors import InvalidInputException
from kennel.services.iam.naming import account_and_resource
from kennel.services.iam.paging import page
from kennel.services.iam.simulated import Simulation
from kennel.services.iam.simulation_sources import SimulationSources, Source, read_inputs

__all__ = ["SimulationOperations"]

_ACTION = re.compile(r"[A-Za-z0-9-]+:[A-Za-z0-9_-]+")
_OWNER = re.compile(r"(?:arn:aws:iam::)?([0-9]{12})(?::root)?")


class SimulationOperations(SimulationSources):
    """Simulations, and the context keys that they want to know."""

    def simulate_principal_policy(
        self,
        ctx: Context,
        *,
        PolicySourceArn: str,
        ActionNames: Sequence[str],
        PolicyInputList: Sequence[str] = (),
        PermissionsBoundaryPolicyInputList: Sequence[str] = (),
        ResourceArns: Sequence[str] = (),
        ResourcePolicy: str = "",
        ResourceOwner: str = "",
        CallerArn: str = "",
        ContextEntries: Sequence[Mapping[str, Any]] = (),
        MaxItems: int | None = None,
        Marker: str | None = None,
    ) -> dict[str, Any]:
        entity = self._simulated(PolicySourceArn)
        boundary = _boundary(PermissionsBoundaryPolicyInputList) or entity.boundary
        simulation = self._simulation(
            [*entity.identity, *read_inputs(PolicyInputList, PolicyType.IDENTITY)],
            boundary,
            CallerArn or PolicySourceArn,
            ResourcePolicy,
            ResourceOwner,
            ContextEntries,
        )
        return _results(simulation, ActionNames, ResourceArns, Marker, MaxItems)

    def simulate_custom_policy(
        self,
        ctx: Context,
        *,
        PolicyInputList: Sequence[str],
        ActionNames: Sequence[str],
        PermissionsBoundaryPolicyInputList: Sequence[str] = (),
        ResourceArns: Sequence[str] = (),
        ResourcePolicy: str = "",
        ResourceOwner: str = "",
        CallerArn: str = "",
        ContextEntries: Sequence[Mapping[str, Any]] = (),
        MaxItems: int | None = None,
        Marker: str | None = None,
    ) -> dict[str, Any]:
        if ResourcePolicy and not CallerArn:
            raise InvalidInputException("CallerArn is required when ResourcePolicy is given.")
        simulation = self._simulation(
            read_inputs(PolicyInputList, PolicyType.IDENTITY),
            _boundary(PermissionsBoundaryPolicyInputList),
            CallerArn,
            ResourcePolicy,
            ResourceOwner,
            ContextEntries,
        )
        return _results(simulation, ActionNames, ResourceArns, Marker, MaxItems)

    def get_context_keys_for_custom_policy(
        self, ctx: Context, *, PolicyInputList: Sequence[str]
    ) -> dict[str, Any]:
        return _key_names(read_inputs(PolicyInputList, PolicyType.IDENTITY))

    def get_context_keys_for_principal_policy(
        self, ctx: Context, *, PolicySourceArn: str, PolicyInputList: Sequence[str] = ()
    ) -> dict[str, Any]:
        entity = self._simulated(PolicySourceArn)
        return _key_names([*entity.identity, *read_inputs(PolicyInputList, PolicyType.IDENTITY)])

    def _simulation(
        self,
        identity: Sequence[Source],
        boundary: Source | None,
        caller_arn: str,
        resource_policy: str,
        owner: str,
        entries: Sequence[Mapping[str, Any]],
    ) -> Simulation:
        caller = self._caller(caller_arn)
        resource = None
        if resource_policy:
            # "Simulation of resource-based policies isn't supported for IAM roles."
            if account_and_resource(caller.arn) is None or ":user/" not in caller.arn:
                raise InvalidInputException(
                    f"A ResourcePolicy can be simulated for a user only, not for {caller.arn}."
                )
            (resource,) = read_inputs([resource_policy], PolicyType.RESOURCE)
        return Simulation(
            caller,
            _account(owner) or caller.account_id,
            _context(entries),
            identity,
            boundary,
            resource,
        )

    def _caller(self, arn: str) -> Principal:
        """Who is simulated; nobody in particular, of this account, if no ARN says who."""
        if not arn:
            return Principal(PrincipalKind.USER, self.parts.account_id, "", "")
        found = account_and_resource(arn)
        if found is None or found[1].partition("/")[0] not in ("user", "group", "role"):
            raise InvalidInputException(f"Invalid Entity Arn: {arn}")
        return Principal(PrincipalKind.USER, found[0], arn, "")


def _results(
    simulation: Simulation,
    actions: Sequence[str],
    resources: Sequence[str],
    marker: str | None,
    max_items: int | None,
) -> dict[str, Any]:
    for action in actions:
        # "This operation does not support using wildcards (*) in an action name."
        if not _ACTION.fullmatch(action):
            raise InvalidInputException(f"Invalid Action Name: {action}")
    for resource in resources:
        if resource != "*" and resource.count(":") < 5:
            raise InvalidInputException(f"Invalid Resource Arn: {resource}")
    return page(
        "EvaluationResults",
        list(enumerate(actions)),
        lambda item: f"{item[0]:09}",
        lambda item: simulation.result(item[1], resources or ("*",)),
        marker,
        max_items,
    )


def _key_names(sources: Sequence[Source]) -> dict[str, Any]:
    return {"ContextKeyNames": context_keys(source.policy.document for source in sources)}


def _boundary(texts: Sequence[str]) -> Source | None:
    if len(texts) > 1:
        raise InvalidInputException("Only one permissions boundary can be simulated.")
    return next(iter(read_inputs(texts, PolicyType.BOUNDARY)), None)


def _account(owner: str) -> str:
    if not owner:
        return ""
    found = _OWNER.fullmatch(owner)
    if found is None:
        raise InvalidInputException(f"'{owner}' is not a valid as a Resource Owner.")  # [O]
    return found[1]


_CHECKS: Mapping[str, Callable[[str], object]] = {
    "string": lambda value: True,
    "numeric": is_number,
    "boolean": is_bool,
    "ip": is_address,
    "binary": is_bytes,
    "date": lambda value: read_date(value) is not None,
}


def _context(entries: Sequence[Mapping[str, Any]]) -> dict[str, tuple[str, ...]]:
    made: dict[str, tuple[str, ...]] = {}
    for entry in entries:
        name = entry.get("ContextKeyName", "")
        values = tuple(entry.get("ContextKeyValues", ()))
        kind = entry.get("ContextKeyType", "string" if len(values) < 2 else "stringList")
        if not kind.endswith("List") and len(values) > 1:
            raise InvalidInputException(f"{name} has several values, so its type must be a list.")
        for value in values:
            if not _CHECKS[kind.removesuffix("List")](value):
                raise InvalidInputException(f"The value {value} of {name} is not of type {kind}.")
        made[name.lower()] = values
    return made
