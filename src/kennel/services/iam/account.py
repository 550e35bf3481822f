"""The account: its alias, and how much of everything it has."""

from __future__ import annotations

from typing import Any

from kennel.services.context import Context
from kennel.services.iam.base import IamBase
from kennel.services.iam.documents import Account
from kennel.services.iam.errors import EntityAlreadyExistsException, NoSuchEntityException
from kennel.services.iam.paging import page

__all__ = ["AccountOperations"]

_KEY = "account"


class AccountOperations(IamBase):
    """The alias, and the summary."""

    def create_account_alias(self, ctx: Context, *, AccountAlias: str) -> None:
        if self._alias() == AccountAlias:
            raise EntityAlreadyExistsException(f"The account alias {AccountAlias} already exists.")
        self._account.put(_KEY, Account(alias=AccountAlias))

    def list_account_aliases(
        self, ctx: Context, *, Marker: str | None = None, MaxItems: int | None = None
    ) -> dict[str, Any]:
        """An account has one at most, so there is never a second page."""
        alias = self._alias()
        return page("AccountAliases", [alias] if alias else [], str, str, Marker, MaxItems)

    def delete_account_alias(self, ctx: Context, *, AccountAlias: str) -> None:
        if self._alias() != AccountAlias:
            raise NoSuchEntityException(f"The account alias {AccountAlias} cannot be found.")
        self._account.delete(_KEY)

    def get_account_summary(self, ctx: Context) -> dict[str, Any]:
        policies = self._policies.list()
        return {
            "SummaryMap": {
                "Users": len(self._users.all()),
                "Groups": len(self._groups.all()),
                "Roles": len(self._roles.all()),
                "InstanceProfiles": len(self._profiles.list()),
                "Policies": len(policies),
                "PolicyVersionsInUse": len(policies),
                "AccessKeysPerUserQuota": 2,
                "AttachedPoliciesPerUserQuota": 10,
                "AttachedPoliciesPerRoleQuota": 10,
                "AttachedPoliciesPerGroupQuota": 10,
                "VersionsPerPolicyQuota": 5,
                "GroupsPerUserQuota": 10,
                "PolicySizeQuota": 6_144,
                "UserPolicySizeQuota": 2_048,
                "GroupPolicySizeQuota": 5_120,
                "AssumeRolePolicySizeQuota": 2_048,
                "AccountMFAEnabled": 0,
                "AccountAccessKeysPresent": 1,
            }
        }

    def _alias(self) -> str:
        account = self._account.get(_KEY)
        return account.alias if account is not None else ""
