"""What CreateTrainingJob looks at in S3 before it takes a job."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kennel.errors import AwsError, ValidationException
from kennel.services.roles import role_principal
from kennel.services.sagemaker.training.spec import Channel, TrainingSpec

if TYPE_CHECKING:
    from kennel.services.context import Context

__all__ = ["require_input_objects"]


def require_input_objects(ctx: Context, spec: TrainingSpec) -> None:
    """Each channel's prefix must have an object that the job's role can list, as on AWS.

    Raises ValidationException in AWS's words [O].
    """
    for channel in spec.channels:
        reason = _fault(ctx, spec, channel)
        if reason is not None:
            raise ValidationException(
                f'No S3 objects found under S3 URL "{channel.source}" given in input data source. '
                f"Please ensure that the bucket exists in the selected region ({ctx.region}), that "
                f'objects exist under that S3 prefix, and that the role "{spec.role_arn}" has '
                f'"s3:ListBucket" permissions on bucket "{channel.source.bucket}".{reason}'
            )


def _fault(ctx: Context, spec: TrainingSpec, channel: Channel) -> str | None:
    principal = role_principal(ctx, spec.role_arn, "SageMaker")
    try:
        page = ctx.call(
            "s3",
            "ListObjectsV2",
            principal=principal,
            Bucket=channel.source.bucket,
            Prefix=channel.source.key,
            MaxKeys=1,
        )
    except AwsError as error:
        return f" Error message from S3: {error.message}"
    return None if page.get("Contents") else ""
