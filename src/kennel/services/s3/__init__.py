"""Amazon S3: buckets and objects, durable on this machine's disk."""

from kennel.services.s3.service import S3

__all__ = ["S3"]
