"""What S3's operations need to be allowed.

Source: "Actions, resources, and condition keys for Amazon S3" of the Service Authorization
Reference, and "Required permissions for Amazon S3 API operations" of the S3 user guide, which says
what a parameter needs on top (a copy its source, an ACL s3:PutObjectAcl, tags s3:PutObjectTagging).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from kennel.services.access_rules import Need, RequestTags

__all__ = ["ACCESS_TABLE", "PUBLIC_ACL", "SOURCE", "SOURCE_TAGS", "SOURCE_VERSION"]

# What the service reads out of the parameters before the table is asked.
SOURCE = "-Source"
"""Bucket and key of CopySource."""
SOURCE_VERSION = "-SourceVersion"
SOURCE_TAGS = "-SourceTags"
"""There if the source has tags that the copy is to have too."""
PUBLIC_ACL = "-PublicAcl"
"""A new bucket's ACL that is not `private`."""

_BUCKET = ("{Bucket}",)
_OBJECT = ("{Bucket}/{Key}",)
_SOURCE_OBJECT = (f"{{{SOURCE}}}",)

_OF_LISTINGS = {"s3:prefix": "Prefix", "s3:delimiter": "Delimiter", "s3:max-keys": "MaxKeys"}
_OF_ACL = {"s3:x-amz-acl": "ACL"}
_OF_VERSION = {"s3:versionid": "VersionId"}
_OF_CONDITIONS = {"s3:if-match": "IfMatch", "s3:if-none-match": "IfNoneMatch"}
_OF_COPIES = {"s3:x-amz-copy-source": SOURCE}
_OF_NEW_OBJECTS = {
    **_OF_ACL,
    **_OF_CONDITIONS,
    **_OF_COPIES,
    "s3:x-amz-metadata-directive": "MetadataDirective",
    "s3:x-amz-server-side-encryption": "ServerSideEncryption",
    "s3:x-amz-server-side-encryption-aws-kms-key-id": "SSEKMSKeyId",
    "s3:x-amz-storage-class": "StorageClass",
    "s3:x-amz-website-redirect-location": "WebsiteRedirectLocation",
}
# "Enforce conditional writes on S3 buckets": whether an object comes into being by it.
_CREATES = {"s3:objectcreationoperation": "=true"}
_CREATES_NOT = {"s3:objectcreationoperation": "=false"}
# In the header of a new object (read into pairs by the service), or in the body.
_OBJECT_TAGS = RequestTags("Tagging.TagSet", "s3:requestobjecttag/", "s3:requestobjecttagkeys")


def _bucket(action: str, keys: Mapping[str, str] | None = None) -> tuple[Need, ...]:
    return (Need(action, _BUCKET, keys or {}),)


def _by_version(
    verb: str,
    noun: str = "",
    keys: Mapping[str, str] | None = None,
    tags: RequestTags | None = None,
) -> tuple[Need, ...]:
    """A version that is named has an action of its own: `GetObjectVersionTagging` beside
    `GetObjectTagging`."""
    common = dict(keys or {})
    return (
        Need(f"{verb}Object{noun}", _OBJECT, common, tags, unless="VersionId"),
        Need(f"{verb}ObjectVersion{noun}", _OBJECT, common | _OF_VERSION, tags, when="VersionId"),
    )


_READ = _by_version("Get")
_READ_SOURCE = (
    Need("GetObject", _SOURCE_OBJECT, unless=SOURCE_VERSION),
    Need("GetObjectVersion", _SOURCE_OBJECT, {"s3:versionid": SOURCE_VERSION}, when=SOURCE_VERSION),
)
_WRITE_MORE = (
    Need("PutObjectAcl", _OBJECT, _OF_ACL, when="ACL"),
    Need("PutObjectTagging", _OBJECT, {}, _OBJECT_TAGS, when="Tagging"),
)
_WRITE = (Need("PutObject", _OBJECT, _OF_NEW_OBJECTS | _CREATES, _OBJECT_TAGS), *_WRITE_MORE)
_COPY = (
    *_WRITE,
    *_READ_SOURCE,
    Need("GetObjectTagging", _SOURCE_OBJECT, when=SOURCE_TAGS, unless=SOURCE_VERSION),
    Need("PutObjectTagging", _OBJECT, when=SOURCE_TAGS),
)
_LIST = _bucket("ListBucket", _OF_LISTINGS)

ACCESS_TABLE: Mapping[str, Sequence[Need]] = {
    "AbortMultipartUpload": (Need("AbortMultipartUpload", _OBJECT),),
    "CompleteMultipartUpload": (Need("PutObject", _OBJECT, _OF_CONDITIONS | _CREATES),),
    "CopyObject": _COPY,
    "CreateBucket": (
        Need(
            "CreateBucket",
            _BUCKET,
            {
                **_OF_ACL,
                "s3:locationconstraint": "CreateBucketConfiguration.LocationConstraint",
                "s3:x-amz-object-ownership": "ObjectOwnership",
            },
        ),
        Need("PutBucketAcl", _BUCKET, _OF_ACL, when=PUBLIC_ACL),
        Need("PutBucketObjectLockConfiguration", _BUCKET, when="ObjectLockEnabledForBucket"),
        Need("PutBucketVersioning", _BUCKET, when="ObjectLockEnabledForBucket"),
        Need("PutBucketOwnershipControls", _BUCKET, when="ObjectOwnership"),
    ),
    "CreateMultipartUpload": (
        Need("PutObject", _OBJECT, _OF_NEW_OBJECTS | _CREATES_NOT, _OBJECT_TAGS),
        *_WRITE_MORE,
    ),
    "DeleteBucket": _bucket("DeleteBucket"),
    "DeleteBucketCors": _bucket("PutBucketCORS"),
    "DeleteBucketEncryption": _bucket("PutEncryptionConfiguration"),
    "DeleteBucketLifecycle": _bucket("PutLifecycleConfiguration"),
    "DeleteBucketOwnershipControls": _bucket("PutBucketOwnershipControls"),
    "DeleteBucketPolicy": _bucket("DeleteBucketPolicy"),
    "DeleteBucketTagging": _bucket("PutBucketTagging"),
    "DeleteObject": (
        Need("DeleteObject", _OBJECT, {"s3:if-match": "IfMatch"}, unless="VersionId"),
        Need("DeleteObjectVersion", _OBJECT, _OF_VERSION, when="VersionId"),
    ),
    "DeleteObjectTagging": _by_version("Delete", "Tagging"),
    # The operation asks for each key by itself, since each has an outcome of its own.
    "DeleteObjects": (),
    "DeletePublicAccessBlock": _bucket("PutBucketPublicAccessBlock"),
    "GetBucketAccelerateConfiguration": _bucket("GetAccelerateConfiguration"),
    "GetBucketAcl": _bucket("GetBucketAcl"),
    "GetBucketCors": _bucket("GetBucketCORS"),
    "GetBucketEncryption": _bucket("GetEncryptionConfiguration"),
    "GetBucketLifecycleConfiguration": _bucket("GetLifecycleConfiguration"),
    "GetBucketLocation": _bucket("GetBucketLocation"),
    "GetBucketLogging": _bucket("GetBucketLogging"),
    "GetBucketNotificationConfiguration": _bucket("GetBucketNotification"),
    "GetBucketOwnershipControls": _bucket("GetBucketOwnershipControls"),
    "GetBucketPolicy": _bucket("GetBucketPolicy"),
    "GetBucketReplication": _bucket("GetReplicationConfiguration"),
    "GetBucketRequestPayment": _bucket("GetBucketRequestPayment"),
    "GetBucketTagging": _bucket("GetBucketTagging"),
    "GetBucketVersioning": _bucket("GetBucketVersioning"),
    "GetBucketWebsite": _bucket("GetBucketWebsite"),
    "GetObject": _READ,
    "GetObjectAcl": _by_version("Get", "Acl"),
    "GetObjectAttributes": (*_READ, *_by_version("Get", "Attributes")),
    "GetObjectLockConfiguration": _bucket("GetBucketObjectLockConfiguration"),
    "GetObjectTagging": _by_version("Get", "Tagging"),
    "GetPublicAccessBlock": _bucket("GetBucketPublicAccessBlock"),
    "HeadBucket": _bucket("ListBucket"),
    "HeadObject": _READ,
    # The reference has no resource for it. Policies of the IAM user guide's examples name all
    # buckets, others `*`; both mean this.
    "ListBuckets": (Need("ListAllMyBuckets", ("arn:aws:s3:::*",)),),
    "ListMultipartUploads": _bucket("ListBucketMultipartUploads"),
    "ListObjectVersions": _bucket("ListBucketVersions", _OF_LISTINGS),
    "ListObjects": _LIST,
    "ListObjectsV2": _LIST,
    "ListParts": (Need("ListMultipartUploadParts", _OBJECT),),
    "PutBucketAcl": _bucket("PutBucketAcl", _OF_ACL),
    "PutBucketCors": _bucket("PutBucketCORS"),
    "PutBucketEncryption": _bucket("PutEncryptionConfiguration"),
    "PutBucketLifecycleConfiguration": _bucket("PutLifecycleConfiguration"),
    "PutBucketOwnershipControls": _bucket("PutBucketOwnershipControls"),
    "PutBucketPolicy": _bucket("PutBucketPolicy"),
    "PutBucketTagging": _bucket("PutBucketTagging"),
    "PutBucketVersioning": _bucket("PutBucketVersioning"),
    "PutObject": _WRITE,
    "PutObjectAcl": _by_version("Put", "Acl", _OF_ACL),
    "PutObjectTagging": _by_version("Put", "Tagging", tags=_OBJECT_TAGS),
    "PutPublicAccessBlock": _bucket("PutBucketPublicAccessBlock"),
    "UploadPart": (Need("PutObject", _OBJECT, _CREATES_NOT),),
    "UploadPartCopy": (
        Need("PutObject", _OBJECT, _OF_COPIES | _CREATES_NOT),
        *_READ_SOURCE,
    ),
}
