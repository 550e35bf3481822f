"""What CloudWatch Logs tells the authorizer: what an operation needs, log groups' tags.

A log group's ARN in policies ends in `:*` "for all API actions except TagResource, UntagResource,
and ListTagsForResource" (LogGroup in the API reference). What is asked for is the group's ARN with
`:log-stream:` behind it, as AWS's refusals show [O]; so `log-group:NAME:*` allows it, and
`log-group:NAME` does not. DescribeLogGroups without a name asks for a group without one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from kennel.errors import AwsError
from kennel.services.access import Access
from kennel.services.access_rules import AccessRules, Need, need
from kennel.services.context import Context
from kennel.services.logs.base import LogsBase, name_of
from kennel.services.logs.groups import find

__all__ = ["AuthorizationAnswers"]

_GROUP = "-Group"  # the group's name, whichever parameter has it; the service reads it out
_ON_GROUP = f"log-group:{{{_GROUP}}}:log-stream:"
_ON_STREAM = f"{_ON_GROUP}{{logStreamName}}"
_PLAIN = f"log-group:{{{_GROUP}}}"


def _on(resource: str, *operations: str) -> dict[str, tuple[Need, ...]]:
    """Operations that need the action of their own name on one thing and nothing else."""
    return {operation: (need(operation, resource),) for operation in operations}


_TABLE: Mapping[str, Sequence[Need]] = {
    **_on(
        _ON_GROUP,
        "DeleteLogGroup",
        "DeleteRetentionPolicy",
        "DescribeLogStreams",
        "FilterLogEvents",
        "ListTagsLogGroup",
        "PutRetentionPolicy",
    ),
    **_on(_ON_STREAM, "CreateLogStream", "DeleteLogStream", "GetLogEvents", "PutLogEvents"),
    # The reference has no resource for it; "Logs sent to CloudWatch Logs" of the user guide gives
    # it on `arn:aws:logs:us-east-1:111122223333:log-group:*`.
    "DescribeLogGroups": (need("DescribeLogGroups", "log-group::log-stream:"),),
    "CreateLogGroup": (
        need("CreateLogGroup", _ON_GROUP, tags="tags"),
        # "You must have either the logs:TagResource or logs:TagLogGroup permission"
        # (CreateLogGroup): the first, since the other operation is on its way out.
        need("TagResource", _PLAIN, tags="tags", when="tags"),
    ),
    "ListTagsForResource": (need("ListTagsForResource", _PLAIN),),
    "TagLogGroup": (need("TagLogGroup", _ON_GROUP, tags="tags"),),
    "TagResource": (need("TagResource", _PLAIN, tags="tags"),),
    "UntagLogGroup": (need("UntagLogGroup", _ON_GROUP, tags="tags"),),
    "UntagResource": (need("UntagResource", _PLAIN, tags="tagKeys"),),
}
_RULES = AccessRules("logs", _TABLE)
_NAMES = ("logGroupName", "logGroupIdentifier", "resourceArn")


class AuthorizationAnswers(LogsBase):
    """One indexed read for a group's tags."""

    @property
    def actions(self) -> frozenset[str]:
        return _RULES.actions

    def accesses(
        self, ctx: Context, operation: str, parameters: Mapping[str, Any]
    ) -> Sequence[Access]:
        given = next((parameters[name] for name in _NAMES if parameters.get(name)), "")
        try:
            name = name_of(None, given) if given.startswith("arn:") else given
        except AwsError:  # the operation's to refuse
            name = given
        return _RULES.accesses(ctx, operation, {**parameters, _GROUP: name})

    def resource_tags(self, arn: str) -> Mapping[str, str]:
        pieces = arn.split(":")
        if len(pieces) < 7 or pieces[5] != "log-group":
            return {}
        try:
            return self._database.read(
                lambda connection: find(connection, pieces[3], pieces[6])
            ).tags
        except AwsError:
            return {}
