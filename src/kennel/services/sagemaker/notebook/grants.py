"""How a notebook instance learns of itself, and gets its role's credentials."""

from __future__ import annotations

import hashlib
import platform
from typing import TYPE_CHECKING

from kennel.identity import Principal
from kennel.services.instance_metadata import InstanceFacts
from kennel.services.process_credentials import instance_variables
from kennel.services.roles import trusting_role
from kennel.services.sagemaker.notebook.document import NotebookInstance

if TYPE_CHECKING:
    from kennel.services.service import Parts

__all__ = ["SESSION_NAME", "NotebookGrants", "facts_of", "folder_of"]

SESSION_NAME = "SageMaker"
"""As in the ARN of a notebook's session on AWS."""

_SERVICE = "sagemaker.amazonaws.com"
_HOLDER = "notebook-instance"
_ARCHITECTURES = {"aarch64": "arm64"}


class NotebookGrants:
    """The grants of notebook instances, one for each start."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def open(self, instance: NotebookInstance) -> dict[str, str]:
        """The variables for the instance's present start; those of an earlier one lead nowhere
        from now on. Raises RoleNotPassable if the role does not let SageMaker assume it for this
        instance."""
        self.end(instance)
        service = Principal.service(self._parts.account_id, _SERVICE)
        context = self._parts.dispatcher.context(service)
        trusting_role(context, instance.role_arn, _SERVICE, instance.arn)
        return instance_variables(
            self._parts,
            f"{_HOLDER}/{instance.folder}/{instance.boot}",
            instance.role_arn,
            SESSION_NAME,
            _SERVICE,
            instance.arn,
        )

    def end(self, instance: NotebookInstance) -> None:
        """Nothing of the instance gets credentials any more."""
        self._parts.credentials.grants.end(f"{_HOLDER}/{instance.folder}")


def folder_of(holder: str) -> str:
    """The folder of the notebook instance that a grant's holder names; empty if it names none."""
    kind, _, rest = holder.partition("/")
    return rest.partition("/")[0] if kind == _HOLDER else ""


def facts_of(instance: NotebookInstance, account_id: str) -> InstanceFacts:
    """What its metadata says. The machine below it is this one, so there is no image and no
    address of its own; its id is made of its folder's name."""
    machine = platform.machine()
    return InstanceFacts(
        instance_id=f"i-{hashlib.sha256(instance.folder.encode()).hexdigest()[:17]}",
        instance_type=instance.instance_type.removeprefix("ml."),
        region=instance.region,
        availability_zone=f"{instance.region}a",
        account_id=account_id,
        architecture=_ARCHITECTURES.get(machine, machine),
        started=instance.last_modified_time,
        role_name=instance.role_arn.rpartition("/")[2],
        needs_token=instance.imds_version == "2",
    )
