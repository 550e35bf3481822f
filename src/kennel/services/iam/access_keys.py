"""Users' access keys. The credential directory keeps them, because signatures are checked there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kennel.identity import Principal, PrincipalKind
from kennel.identity.documents import AccessKey
from kennel.services.context import Context
from kennel.services.iam.base import IamBase
from kennel.services.iam.documents import User
from kennel.services.iam.errors import LimitExceededException, NoSuchEntityException
from kennel.services.iam.paging import page
from kennel.services.iam.users import caller_name

__all__ = ["AccessKeyOperations"]

_MOST_KEYS = 2


class AccessKeyOperations(IamBase):
    """Make, list, switch and delete access keys. Without UserName: the calling user's own."""

    def create_access_key(self, ctx: Context, *, UserName: str = "") -> dict[str, Any]:
        with self._user_keys_lock:
            user = self._users.get(UserName or caller_name(ctx))
            principal = Principal(
                PrincipalKind.USER, self.parts.account_id, user.arn, user.unique_id
            )
            access_key_id, key = self.parts.credentials.add_user_key(principal, _check_quota)
        shown = _shown(user, access_key_id, key)
        return {"AccessKey": shown | {"SecretAccessKey": key.secret}}

    def list_access_keys(
        self,
        ctx: Context,
        *,
        UserName: str = "",
        Marker: str | None = None,
        MaxItems: int | None = None,
    ) -> dict[str, Any]:
        user = self._users.get(UserName or caller_name(ctx))
        keys = self.parts.credentials.user_keys(user.unique_id)
        return page(
            "AccessKeyMetadata",
            keys.items(),
            lambda item: f"{item[1].created:020.6f} {item[0]}",
            lambda item: _shown(user, *item),
            Marker,
            MaxItems,
        )

    def update_access_key(
        self, ctx: Context, *, AccessKeyId: str, Status: str, UserName: str = ""
    ) -> None:
        self._check_owner(ctx, UserName, AccessKeyId)
        self.parts.credentials.set_status(AccessKeyId, active=Status == "Active")

    def delete_access_key(self, ctx: Context, *, AccessKeyId: str, UserName: str = "") -> None:
        self._check_owner(ctx, UserName, AccessKeyId)
        self.parts.credentials.remove(AccessKeyId)

    def get_access_key_last_used(self, ctx: Context, *, AccessKeyId: str) -> dict[str, Any]:
        """Of a user's key. Root's keys and those of sessions are none."""
        key = self.parts.credentials.user_key(AccessKeyId)
        if key is None:
            raise NoSuchEntityException(f"The Access Key with id {AccessKeyId} cannot be found.")
        used = self.parts.credentials.uses.latest(AccessKeyId)
        shown: dict[str, Any] = {"ServiceName": "N/A", "Region": "N/A"}
        if used is not None:
            shown = {
                "LastUsedDate": used.time,
                "ServiceName": used.service,
                "Region": used.region or "N/A",
            }
        return {"UserName": key.arn.rpartition("/")[2], "AccessKeyLastUsed": shown}

    def _check_owner(self, ctx: Context, user_name: str, access_key_id: str) -> None:
        user = self._users.get(user_name or caller_name(ctx))
        if access_key_id not in self.parts.credentials.user_keys(user.unique_id):
            raise NoSuchEntityException(f"The Access Key with id {access_key_id} cannot be found.")


def _check_quota(keys: Sequence[AccessKey]) -> None:
    if len(keys) >= _MOST_KEYS:
        raise LimitExceededException(f"Cannot exceed quota for AccessKeysPerUser: {_MOST_KEYS}")


def _shown(user: User, access_key_id: str, key: AccessKey) -> dict[str, Any]:
    return {
        "UserName": user.name,
        "AccessKeyId": access_key_id,
        "Status": "Active" if key.active else "Inactive",
        "CreateDate": key.created,
    }
