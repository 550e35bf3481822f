"""Notebook instances' operations. What runs behind them is `keeper` and `boot`."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from kennel.errors import NotImplementedByKennel, ValidationException
from kennel.runtimes.notebook.ticket import issue
from kennel.services.instance_metadata import InstanceFacts
from kennel.services.parameters import takes
from kennel.services.roles import RoleNotPassable, pass_role
from kennel.services.sagemaker.instance_types import InstanceUse, instance_types
from kennel.services.sagemaker.listing import LISTING, MODIFIED, Page, page_of
from kennel.services.sagemaker.notebook.describe import described, summary
from kennel.services.sagemaker.notebook.document import (
    COLLECTION,
    NotebookInstance,
    NotebookStatus,
    move,
)
from kennel.services.sagemaker.notebook.grants import facts_of, folder_of
from kennel.services.sagemaker.notebook.keeper import NotebookKeeper
from kennel.services.sagemaker.notebook.lifecycle_configs import LifecycleConfigs
from kennel.services.sagemaker.noun import Noun
from kennel.services.sagemaker.tags import Tags as TagSets
from kennel.services.service import Parts
from kennel.store import Collection

if TYPE_CHECKING:
    from kennel.services.context import Context

__all__ = ["NotebookInstances"]

_S = NotebookStatus
_SESSION_SECONDS = 43_200  # SessionExpirationDurationInSeconds: the default is 12 hours


class NotebookInstances(Noun):
    """CreateNotebookInstance, Describe…, List…, Start…, Stop…, Update…, Delete… and
    CreatePresignedNotebookInstanceUrl."""

    operations: ClassVar[frozenset[str]] = frozenset(
        {
            "create_notebook_instance",
            "describe_notebook_instance",
            "list_notebook_instances",
            "start_notebook_instance",
            "stop_notebook_instance",
            "update_notebook_instance",
            "delete_notebook_instance",
            "create_presigned_notebook_instance_url",
        }
    )
    kinds: ClassVar[frozenset[str]] = frozenset({"notebook-instance"})

    def __init__(self, parts: Parts, tags: TagSets, configs: LifecycleConfigs) -> None:
        super().__init__(parts)
        self._tags = tags
        self._configs = configs
        self._instances = Collection(parts.database, COLLECTION, NotebookInstance)
        self._keeper: NotebookKeeper | None = None

    def start(self) -> None:
        self._keeper = NotebookKeeper(self.parts, self._instances, self._configs, self._tags)
        self._keeper.start()

    def stop(self) -> None:
        if self._keeper is not None:
            self._keeper.stop()

    def facts(self, holder: str) -> InstanceFacts | None:
        """For `kennel.services.instance_metadata`."""
        folder = folder_of(holder)
        if not folder:
            return None
        found = (one for _, one in self._instances.list() if one.folder == folder)
        instance = next(found, None)
        return None if instance is None else facts_of(instance, self.parts.account_id)

    def create_notebook_instance(
        self,
        ctx: Context,
        *,
        NotebookInstanceName: str,
        InstanceType: str,
        RoleArn: str,
        SubnetId: str = "",
        SecurityGroupIds: Iterable[str] = (),
        IpAddressType: str = "ipv4",
        KmsKeyId: str = "",
        Tags: Iterable[Mapping[str, str]] = (),
        LifecycleConfigName: str = "",
        DirectInternetAccess: str = "Enabled",
        VolumeSizeInGB: int = 5,
        AcceleratorTypes: Sequence[str] = (),
        DefaultCodeRepository: str = "",
        AdditionalCodeRepositories: Sequence[str] = (),
        RootAccess: str = "Enabled",
        PlatformIdentifier: str = "notebook-al2023-v1",
        InstanceMetadataServiceConfiguration: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        """Stores the instance as Pending; its first start follows."""
        _refuse_repositories(DefaultCodeRepository, AdditionalCodeRepositories)
        _refuse_accelerators(AcceleratorTypes)
        _check_network(SubnetId, SecurityGroupIds, DirectInternetAccess)
        _check_type(InstanceType)
        self._check_config(ctx, LifecycleConfigName)
        arn = ctx.arn("sagemaker", f"notebook-instance/{NotebookInstanceName}")
        _check_role(ctx, RoleArn, arn)
        now = self.parts.clock.policy()
        instance = NotebookInstance(
            name=NotebookInstanceName,
            arn=arn,
            region=ctx.region,
            status=_S.PENDING,
            creation_time=now,
            last_modified_time=now,
            instance_type=InstanceType,
            role_arn=RoleArn,
            folder=secrets.token_hex(16),
            volume_size=VolumeSizeInGB,
            lifecycle_config=LifecycleConfigName,
            root_access=RootAccess,
            platform_identifier=PlatformIdentifier,
            ip_address_type=IpAddressType,
            imds_version=_imds_version(InstanceMetadataServiceConfiguration) or "1",
            direct_internet_access=DirectInternetAccess,
            subnet_id=SubnetId,
            security_group_ids=list(SecurityGroupIds),
            kms_key_id=KmsKeyId,
        )
        tags = self._tags.checked(Tags)

        def create(connection: Any) -> bool:
            if not self._instances.add_in(connection, instance.name, instance):
                return False
            self._tags.put_in(connection, instance.arn, tags)
            return True

        if not self.parts.database.write(create):
            raise ValidationException(
                f"Cannot create a duplicate Notebook Instance ({instance.arn})"
            )
        self._wake(instance.name)
        return {"NotebookInstanceArn": instance.arn}

    def describe_notebook_instance(
        self, ctx: Context, *, NotebookInstanceName: str
    ) -> dict[str, Any]:
        return described(self._require(NotebookInstanceName))

    @takes(
        *LISTING,
        *MODIFIED,
        "StatusEquals",
        "NotebookInstanceLifecycleConfigNameContains",
        "DefaultCodeRepositoryContains",
        "AdditionalCodeRepositoryEquals",
    )
    def list_notebook_instances(self, ctx: Context, **asked: Any) -> dict[str, Any]:
        """By name, ascending, unless asked otherwise: AWS's pages name no default. Instances have
        no code repositories here, so a filter on those leaves none."""
        repositories = ("DefaultCodeRepositoryContains", "AdditionalCodeRepositoryEquals")
        of_code = any(asked.get(name) for name in repositories)
        of_config = (asked.get("NotebookInstanceLifecycleConfigNameContains") or "").lower()
        found, token = page_of(
            [instance for _, instance in self._instances.list()],
            Page.asked(asked, "Name", descending=False),
            modified=lambda instance: instance.last_modified_time,
            status=lambda instance: instance.status,
            keep=lambda one: not of_code and of_config in one.lifecycle_config.lower(),
        )
        return {"NotebookInstances": [summary(instance) for instance in found], **token}

    def start_notebook_instance(self, ctx: Context, *, NotebookInstanceName: str) -> None:
        """Starts it anew: what lies outside of its volume is as at the first start."""

        def change(instance: NotebookInstance) -> None:
            instance.boot += 1

        self._move(NotebookInstanceName, (_S.STOPPED, _S.FAILED), _S.PENDING, change)

    def stop_notebook_instance(self, ctx: Context, *, NotebookInstanceName: str) -> None:
        self._move(NotebookInstanceName, (_S.IN_SERVICE,), _S.STOPPING)

    def update_notebook_instance(
        self,
        ctx: Context,
        *,
        NotebookInstanceName: str,
        InstanceType: str = "",
        IpAddressType: str = "",
        PlatformIdentifier: str = "",
        RoleArn: str = "",
        LifecycleConfigName: str = "",
        DisassociateLifecycleConfig: bool = False,
        VolumeSizeInGB: int = 0,
        DefaultCodeRepository: str = "",
        AdditionalCodeRepositories: Sequence[str] = (),
        AcceleratorTypes: Sequence[str] = (),
        DisassociateAcceleratorTypes: bool = False,
        DisassociateDefaultCodeRepository: bool = False,
        DisassociateAdditionalCodeRepositories: bool = False,
        RootAccess: str = "",
        InstanceMetadataServiceConfiguration: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        """Changes a stopped instance. To take away what it doesn't have is no error, as on AWS."""
        _refuse_repositories(DefaultCodeRepository, AdditionalCodeRepositories)
        _refuse_accelerators(AcceleratorTypes)
        arn = self._require(NotebookInstanceName).arn
        if InstanceType:
            _check_type(InstanceType)
        if RoleArn:
            _check_role(ctx, RoleArn, arn)
        if LifecycleConfigName and DisassociateLifecycleConfig:
            raise ValidationException(
                "Give either LifecycleConfigName or DisassociateLifecycleConfig, not both."
            )
        self._check_config(ctx, LifecycleConfigName)

        def change(instance: NotebookInstance) -> None:
            if VolumeSizeInGB and VolumeSizeInGB < instance.volume_size:
                raise ValidationException(
                    f"The volume of Notebook Instance ({instance.arn}) has {instance.volume_size} "
                    f"GB and can't be made smaller: {VolumeSizeInGB} GB."
                )
            kept = "" if DisassociateLifecycleConfig else instance.lifecycle_config
            instance.lifecycle_config = LifecycleConfigName or kept
            instance.instance_type = InstanceType or instance.instance_type
            instance.ip_address_type = IpAddressType or instance.ip_address_type
            instance.platform_identifier = PlatformIdentifier or instance.platform_identifier
            instance.role_arn = RoleArn or instance.role_arn
            instance.volume_size = VolumeSizeInGB or instance.volume_size
            instance.root_access = RootAccess or instance.root_access
            version = _imds_version(InstanceMetadataServiceConfiguration)
            instance.imds_version = version or instance.imds_version

        self._move(NotebookInstanceName, (_S.STOPPED, _S.FAILED), _S.UPDATING, change)
        return {}

    def delete_notebook_instance(self, ctx: Context, *, NotebookInstanceName: str) -> None:
        """Deletes it with all of its files."""
        self._move(NotebookInstanceName, (_S.STOPPED, _S.FAILED), _S.DELETING)

    def create_presigned_notebook_instance_url(
        self,
        ctx: Context,
        *,
        NotebookInstanceName: str,
        SessionExpirationDurationInSeconds: int = _SESSION_SECONDS,
    ) -> dict[str, Any]:
        """A URL that opens JupyterLab for five minutes. It is stored nowhere."""
        instance = self._require(NotebookInstanceName)
        if instance.status is not _S.IN_SERVICE:
            raise ValidationException(
                f"Status ({instance.status}) not in ([{_S.IN_SERVICE}]). Unable to create a "
                f"presigned URL for Notebook Instance ({instance.arn})."
            )
        assert self._keeper is not None
        try:
            secret = self._keeper.secret(instance)
        except FileNotFoundError as error:  # it stops or starts again at this very moment
            raise ValidationException(
                f"Notebook Instance ({instance.arn}) is not reachable now; try again."
            ) from error
        ticket = issue(secret, self.parts.clock.wall(), SessionExpirationDurationInSeconds)
        return {"AuthorizedUrl": f"http://127.0.0.1:{instance.port}/?authToken={ticket}"}

    def exists(self, kind: str, name: str) -> bool:
        return self._instances.get(name) is not None

    def _require(self, name: str) -> NotebookInstance:
        instance = self._instances.get(name)
        if instance is None:
            raise ValidationException("RecordNotFound")  # all that AWS says
        return instance

    def _check_config(self, ctx: Context, name: str) -> None:
        if name and self._configs.find(name) is None:
            arn = ctx.arn("sagemaker", f"notebook-instance-lifecycle-config/{name}")
            raise ValidationException(f"Notebook Instance Lifecycle Config '{arn}' does not exist.")

    def _move(
        self,
        name: str,
        allowed: Sequence[NotebookStatus],
        status: NotebookStatus,
        also: Callable[[NotebookInstance], None] | None = None,
    ) -> None:
        """Changes the status and wakes the keeper. The words of the refusal are AWS's."""

        def change(instance: NotebookInstance) -> NotebookInstance:
            if instance.status not in allowed:
                raise ValidationException(
                    f"Status ({instance.status}) not in ([{', '.join(allowed)}]). Unable to "
                    f"transition to ({status}) for Notebook Instance ({instance.arn})."
                )
            if also is not None:
                also(instance)
            move(instance, status, self.parts.clock.policy())
            return instance

        if self._instances.update(name, change) is None:
            self._require(name)
        self._wake(name)

    def _wake(self, name: str) -> None:
        assert self._keeper is not None
        self._keeper.wake(name)


def _check_role(ctx: Context, role_arn: str, instance_arn: str) -> None:
    try:
        pass_role(ctx, role_arn, "sagemaker.amazonaws.com", instance_arn)
    except RoleNotPassable as error:
        raise ValidationException(
            f"Could not assume role {role_arn}. Please ensure that the role exists "
            "and allows principal 'sagemaker.amazonaws.com' to assume the role. "
            f"{error.reason}"
        ) from error


def _check_type(name: str) -> None:
    kind = instance_types().get(name)
    if kind is None or InstanceUse.NOTEBOOK not in kind.uses:
        raise NotImplementedByKennel(
            f"Kennel knows no size of {name} as a notebook instance; "
            "ml.t3.medium and ml.m5.xlarge are two that it knows."
        )


def _check_network(subnet: str, groups: Iterable[str], internet: str) -> None:
    if internet == "Disabled":
        if not subnet:
            raise ValidationException(
                "DirectInternetAccess can be Disabled only if a SubnetId is given."
            )
        raise NotImplementedByKennel(
            "Kennel can't keep a notebook instance from the internet: leave out "
            "DirectInternetAccess=Disabled."
        )
    if list(groups) and not subnet:
        raise ValidationException("SecurityGroupIds need a SubnetId: give both or neither.")


def _refuse_repositories(default: str, additional: Sequence[str]) -> None:
    if default or additional:
        named = "DefaultCodeRepository" if default else "AdditionalCodeRepositories"
        raise NotImplementedByKennel(
            f"Kennel does not support a notebook instance's {named}: "
            "clone the repository in a lifecycle script or a terminal."
        )


def _refuse_accelerators(types: Sequence[str]) -> None:
    if types:
        raise ValidationException(
            "AcceleratorTypes are no longer supported: Elastic Inference is no longer available."
        )


def _imds_version(configuration: Mapping[str, str] | None) -> str:
    return (configuration or {}).get("MinimumInstanceMetadataServiceVersion", "")
