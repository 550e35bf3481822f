"""S3's errors, named and worded as S3 does."""

from __future__ import annotations

from kennel.errors import ClientError, ServerError

__all__ = [
    "AccessControlListNotSupported",
    "AccessDenied",
    "BadDigest",
    "BucketAlreadyExists",
    "BucketAlreadyOwnedByYou",
    "BucketNotEmpty",
    "EntityTooLarge",
    "EntityTooSmall",
    "IllegalLocationConstraintException",
    "InternalError",
    "InvalidArgument",
    "InvalidBucketName",
    "InvalidBucketState",
    "InvalidDigest",
    "InvalidLocationConstraint",
    "InvalidPart",
    "InvalidPartNumber",
    "InvalidPartOrder",
    "InvalidRange",
    "InvalidRequest",
    "InvalidStorageClass",
    "InvalidTag",
    "KeyTooLongError",
    "MalformedPolicy",
    "MalformedXML",
    "MetadataTooLarge",
    "MethodNotAllowed",
    "MissingConfiguration",
    "NoSuchBucket",
    "NoSuchKey",
    "NoSuchUpload",
    "NoSuchVersion",
    "NotImplementedByS3",
    "NotModified",
    "PreconditionFailed",
]


class AccessControlListNotSupported(ClientError):
    """The bucket's ownership is enforced, so it takes no ACLs."""


class AccessDenied(ClientError):
    """The bucket's owner is not who the request expects, or the caller may not know."""

    status = 403


class BadDigest(ClientError):
    """The bytes that came are not those that the client hashed."""


class BucketAlreadyExists(ClientError):
    """The name is taken."""

    status = 409


class BucketAlreadyOwnedByYou(ClientError):
    """The bucket exists, and is the caller's."""

    status = 409


class BucketNotEmpty(ClientError):
    """A bucket with versions in it can't be deleted."""

    status = 409


class EntityTooLarge(ClientError):
    """More bytes than one request may put."""


class EntityTooSmall(ClientError):
    """A part other than the last is below 5 MiB."""


class IllegalLocationConstraintException(ClientError):
    """The location constraint does not fit the endpoint's region."""


class InternalError(ServerError):
    """Nothing that the caller did; trying again helps."""


class InvalidArgument(ClientError):
    """A parameter's value is out of its range."""


class InvalidBucketName(ClientError):
    """Against the naming rules."""


class InvalidBucketState(ClientError):
    """The bucket's present settings don't allow this."""

    status = 409


class InvalidDigest(ClientError):
    """Content-MD5 is no base64 of 16 bytes."""


class InvalidLocationConstraint(ClientError):
    """No such region."""


class InvalidPart(ClientError):
    """A part of the list was not uploaded, or its ETag or checksum differs."""


class InvalidPartNumber(ClientError):
    """The object has no such part."""

    status = 416


class InvalidPartOrder(ClientError):
    """The list of parts does not ascend."""


class InvalidRange(ClientError):
    """The range begins after the object's end."""

    status = 416


class InvalidRequest(ClientError):
    """The parameters don't go together."""


class InvalidStorageClass(ClientError):
    """A storage class that the object can't have."""


class InvalidTag(ClientError):
    """A tag against the rules."""


class KeyTooLongError(ClientError):
    """More than 1,024 bytes."""


class MalformedPolicy(ClientError):
    """The bucket policy is not a policy document."""


class MalformedXML(ClientError):
    """The request's document is not of the published schema."""


class MetadataTooLarge(ClientError):
    """More than 2 KB of user metadata."""


class MethodNotAllowed(ClientError):
    """A delete marker can't be read, only deleted."""

    status = 405


class MissingConfiguration(ClientError):
    """Base of "the bucket has no such configuration"; each has a code of its own."""

    status = 404


class NoSuchBucket(ClientError):
    """No bucket of that name."""

    status = 404


class NoSuchKey(ClientError):
    """No object under that key."""

    status = 404


class NoSuchUpload(ClientError):
    """Never begun, completed or aborted."""

    status = 404


class NoSuchVersion(ClientError):
    """The object has no such version."""

    status = 404


class NotImplementedByS3(ClientError):
    """S3's own refusal of a header that it knows and does not do here."""

    code = "NotImplemented"
    status = 501


class NotModified(ClientError):
    """If-None-Match or If-Modified-Since says the client's copy is good."""

    status = 304


class PreconditionFailed(ClientError):
    """If-Match, If-None-Match or If-Unmodified-Since does not hold."""

    status = 412
