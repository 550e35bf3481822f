"""What Lambda tells the authorizer: what an operation needs, functions' policies and tags."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from kennel.services.access import Access
from kennel.services.access_rules import AccessRules, Need, need

if TYPE_CHECKING:
    from kennel.services.context import Context
    from kennel.services.lambda_.document import Function
    from kennel.store import Collection

__all__ = ["Authorization", "policy_text"]

_ARN = "-Arn"  # the function's, with the qualifier that was asked for; the service reads it out
_PRINCIPAL = "-Principal"  # whom the statement lets in that is removed; the service looks it up
_VPC = {
    "lambda:Layer": "Layers",
    "lambda:SubnetIds": "VpcConfig.SubnetIds",
    "lambda:SecurityGroupIds": "VpcConfig.SecurityGroupIds",
}


def _function(action: str, keys: Mapping[str, str] | None = None) -> tuple[Need, ...]:
    return (need(action, f"{{{_ARN}}}", keys=keys),)


_TABLE: Mapping[str, Sequence[Need]] = {
    "AddPermission": _function(
        "AddPermission",
        {"lambda:Principal": "Principal", "lambda:FunctionUrlAuthType": "FunctionUrlAuthType"},
    ),
    "CreateFunction": (
        need(
            "CreateFunction",
            f"{{{_ARN}}}",
            tags="Tags",
            keys=_VPC | {"lambda:CodeSigningConfigArn": "CodeSigningConfigArn"},
        ),
        # "Require tags on creation", "Using attribute-based access control in Lambda"
        need("TagResource", f"{{{_ARN}}}", tags="Tags", when="Tags"),
    ),
    "GetAccountSettings": (need("GetAccountSettings"),),
    "Invoke": _function("InvokeFunction"),
    "ListFunctions": (need("ListFunctions"),),
    "RemovePermission": _function("RemovePermission", {"lambda:Principal": _PRINCIPAL}),
    "ListTags": (need("ListTags", "{Resource}"),),
    "TagResource": (need("TagResource", "{Resource}", tags="Tags"),),
    "UntagResource": (need("UntagResource", "{Resource}", tags="TagKeys"),),
    "UpdateFunctionConfiguration": _function("UpdateFunctionConfiguration", _VPC),
    **{
        operation: _function(operation)
        for operation in (
            "CreateAlias",
            "DeleteAlias",
            "DeleteFunction",
            "DeleteFunctionConcurrency",
            "DeleteFunctionEventInvokeConfig",
            "DeleteProvisionedConcurrencyConfig",
            "GetAlias",
            "GetFunction",
            "GetFunctionConcurrency",
            "GetFunctionConfiguration",
            "GetFunctionEventInvokeConfig",
            "GetPolicy",
            "GetProvisionedConcurrencyConfig",
            "ListAliases",
            "ListFunctionEventInvokeConfigs",
            "ListProvisionedConcurrencyConfigs",
            "ListVersionsByFunction",
            "PublishVersion",
            "PutFunctionConcurrency",
            "PutFunctionEventInvokeConfig",
            "PutProvisionedConcurrencyConfig",
            "UpdateAlias",
            "UpdateFunctionCode",
            "UpdateFunctionEventInvokeConfig",
        )
    },
}
_RULES = AccessRules("lambda", _TABLE)


class _Kept(NamedTuple):
    policies: Mapping[str, str]
    tags: Mapping[str, str]


class Authorization:
    """Invocations ask on the event loop, so what a function's document says is kept in memory;
    whoever has changed it calls `forget` before it answers."""

    def __init__(self, functions: Collection[Function]) -> None:
        self._functions = functions
        self._kept: dict[str, _Kept] = {}
        self._changes = 0
        self._lock = threading.Lock()

    @property
    def actions(self) -> frozenset[str]:
        """See Service.actions."""
        return _RULES.actions

    def accesses(
        self, ctx: Context, operation: str, parameters: Mapping[str, Any]
    ) -> tuple[Access, ...]:
        """See Service.accesses. An Invoke costs about 1 µs."""
        if operation == "Invoke":
            return (Access("lambda:InvokeFunction", _arn(ctx, parameters)),)
        known = parameters
        if "FunctionName" in parameters:
            known = {**parameters, _ARN: _arn(ctx, parameters)}
        if operation == "RemovePermission":
            known = {**known, _PRINCIPAL: self._let_in(known[_ARN], parameters["StatementId"])}
        return _RULES.accesses(ctx, operation, known)

    def policy(self, arn: str) -> str:
        """The policy of the function, or of its version or alias, that the ARN is of."""
        name, qualifier = _named(arn)
        return self._of(name).policies.get(qualifier, "")

    def tags(self, arn: str) -> Mapping[str, str]:
        """The function's tags; versions and aliases have none."""
        name, qualifier = _named(arn)
        return {} if qualifier else self._of(name).tags

    def forget(self, name: str) -> None:
        """The function's policies or tags have changed, or it is gone."""
        with self._lock:
            self._changes += 1
            self._kept.pop(name, None)

    def _let_in(self, arn: str, statement_id: str) -> str:
        """Whom a statement of the function's policy lets in, as AddPermission was told; empty if
        there is no such statement."""
        statements = json.loads(self.policy(arn) or "{}").get("Statement", ())
        for statement in statements:
            if statement["Sid"] == statement_id:
                return principal_told(statement["Principal"])
        return ""

    def _of(self, name: str) -> _Kept:
        kept = self._kept.get(name)
        if kept is not None:
            return kept
        changes = self._changes
        function = self._functions.get(name)
        if function is None:
            return _Kept({}, {})
        policies = {key: policy_text(said) for key, said in function.policies.items()}
        kept = _Kept(policies, function.tags)
        with self._lock:
            if changes == self._changes:  # else it may be older than what was acknowledged
                self._kept[name] = kept
        return kept


def principal_told(principal: str | Mapping[str, str]) -> str:
    """A statement's Principal as AddPermission takes it: `*`, a service, an ARN, an account."""
    if isinstance(principal, str):
        return principal
    (told,) = principal.values()
    account = told.removeprefix("arn:aws:iam::").removesuffix(":root")
    return account if account.isdecimal() else told


def policy_text(statements: Sequence[Mapping[str, Any]]) -> str:
    """A function's policy as GetPolicy answers it."""
    policy = {"Version": "2012-10-17", "Id": "default", "Statement": statements}
    return json.dumps(policy, separators=(",", ":"))


def _arn(ctx: Context, parameters: Mapping[str, Any]) -> str:
    """Of the function that FunctionName names in any of its ways, and Qualifier's version."""
    name, qualifier = parameters["FunctionName"], parameters.get("Qualifier")
    region, account = ctx.region, ctx.account_id
    if ":" in name:
        if name.startswith("arn:"):
            _, _, _, region, account, _, name, *rest = (name + ":::::").split(":")
        else:
            pieces = name.split(":")
            if pieces[0].isdecimal() and len(pieces[0]) == 12 and len(pieces) > 1:
                account = pieces.pop(0)
            if pieces[0] == "function" and len(pieces) > 1:
                pieces.pop(0)
            name, *rest = pieces
        qualifier = qualifier or next(filter(None, rest), None)
    suffix = f":{qualifier}" if qualifier else ""
    return f"arn:aws:lambda:{region}:{account}:function:{name}{suffix}"


def _named(arn: str) -> tuple[str, str]:
    """Name and qualifier in a function's ARN; empty if it is no such ARN."""
    pieces = arn.split(":")
    if len(pieces) < 7 or pieces[5] != "function":
        return "", ""
    return pieces[6], pieces[7] if len(pieces) > 7 else ""
