"""Notebook instances as DescribeNotebookInstance and ListNotebookInstances show them."""

from __future__ import annotations

from typing import Any

from kennel.services.sagemaker.notebook.document import NotebookInstance

__all__ = ["described", "summary"]


def summary(instance: NotebookInstance) -> dict[str, Any]:
    """A NotebookInstanceSummary."""
    shown: dict[str, Any] = {
        "NotebookInstanceName": instance.name,
        "NotebookInstanceArn": instance.arn,
        "NotebookInstanceStatus": instance.status.value,
        "InstanceType": instance.instance_type,
        "CreationTime": instance.creation_time,
        "LastModifiedTime": instance.last_modified_time,
    }
    if instance.port:
        shown["Url"] = f"127.0.0.1:{instance.port}"  # without a scheme, as on AWS
    if instance.lifecycle_config:
        shown["NotebookInstanceLifecycleConfigName"] = instance.lifecycle_config
    return shown


def described(instance: NotebookInstance) -> dict[str, Any]:
    """A DescribeNotebookInstanceOutput."""
    shown = {
        **summary(instance),
        "RoleArn": instance.role_arn,
        "DirectInternetAccess": instance.direct_internet_access,
        "VolumeSizeInGB": instance.volume_size,
        "RootAccess": instance.root_access,
        "PlatformIdentifier": instance.platform_identifier,
        "IpAddressType": instance.ip_address_type,
        "InstanceMetadataServiceConfiguration": {
            "MinimumInstanceMetadataServiceVersion": instance.imds_version
        },
    }
    optional = {
        "FailureReason": instance.failure_reason,
        "SubnetId": instance.subnet_id,
        "SecurityGroups": instance.security_group_ids,
        "KmsKeyId": instance.kms_key_id,
    }
    return shown | {member: value for member, value in optional.items() if value}
