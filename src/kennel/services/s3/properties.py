"""What an object carries beside its bytes: headers, user metadata, its checksum."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from kennel.services.s3.errors import InvalidStorageClass, MetadataTooLarge

__all__ = ["ObjectProperties", "decode_properties", "encode_properties", "storage_class"]

_METADATA_LIMIT = 2048  # bytes of names and values together
_DEFAULT_TYPE = "binary/octet-stream"
# Classes whose objects can be read at once. The others would need RestoreObject.
_STORAGE_CLASSES = {
    "STANDARD",
    "STANDARD_IA",
    "ONEZONE_IA",
    "INTELLIGENT_TIERING",
    "REDUCED_REDUNDANCY",
    "GLACIER_IR",
}


class ObjectProperties(msgspec.Struct, frozen=True, omit_defaults=True):
    """A version's headers and metadata, as stored. `checksum` is the value in base64."""

    checksum: str = ""
    content_type: str = _DEFAULT_TYPE
    cache_control: str = ""
    content_disposition: str = ""
    content_encoding: str = ""
    content_language: str = ""
    expires: str = ""
    redirect: str = ""
    encryption: str = "AES256"
    kms_key: str = ""
    bucket_key: bool = False
    metadata: dict[str, str] = {}

    @classmethod
    def from_request(cls, values: Mapping[str, Any]) -> ObjectProperties:
        """Out of the parameters of PROPERTY_PARAMETERS. Raises MetadataTooLarge."""
        metadata = {name.lower(): value for name, value in (values.get("Metadata") or {}).items()}
        size = sum(len(name.encode()) + len(value.encode()) for name, value in metadata.items())
        if size > _METADATA_LIMIT:
            raise MetadataTooLarge(
                "Your metadata headers exceed the maximum allowed metadata size",
                Size=size,
                MaxSizeAllowed=_METADATA_LIMIT,
            )
        return cls(
            content_type=values.get("ContentType") or _DEFAULT_TYPE,
            cache_control=values.get("CacheControl") or "",
            content_disposition=values.get("ContentDisposition") or "",
            content_encoding=_stored_encoding(values.get("ContentEncoding") or ""),
            content_language=values.get("ContentLanguage") or "",
            expires=str(values.get("Expires") or ""),
            redirect=values.get("WebsiteRedirectLocation") or "",
            encryption=values.get("ServerSideEncryption") or "AES256",
            kms_key=values.get("SSEKMSKeyId") or "",
            bucket_key=bool(values.get("BucketKeyEnabled")),
            metadata=metadata,
        )

    def headers(self) -> dict[str, Any]:
        """As members of GetObject's and HeadObject's output."""
        members = {
            "ContentType": self.content_type,
            "CacheControl": self.cache_control,
            "ContentDisposition": self.content_disposition,
            "ContentEncoding": self.content_encoding,
            "ContentLanguage": self.content_language,
            "Expires": self.expires,
            "WebsiteRedirectLocation": self.redirect,
        }
        return {
            **{name: value for name, value in members.items() if value},
            "Metadata": self.metadata,
            **self.encryption_members(),
        }

    def encryption_members(self) -> dict[str, Any]:
        """The encryption that was asked for, as members of most outputs.

        Bookkeeping: S3 names AES256 on every object, and so does Kennel; the files on disk are
        as plain as the disk is.
        """
        members: dict[str, Any] = {"ServerSideEncryption": self.encryption}
        if self.kms_key:
            members["SSEKMSKeyId"] = self.kms_key
        if self.bucket_key:
            members["BucketKeyEnabled"] = True
        return members


def _stored_encoding(header: str) -> str:
    """Content-Encoding without `aws-chunked`, which is of the transfer and not of the object."""
    kept = [item.strip() for item in header.split(",") if item.strip() != "aws-chunked"]
    return ",".join(kept)


def storage_class(values: Mapping[str, Any]) -> str:
    """The StorageClass asked for. Raises InvalidStorageClass for one that can't be read at once."""
    name = values.get("StorageClass") or "STANDARD"
    if name not in _STORAGE_CLASSES:
        raise InvalidStorageClass(
            f"Kennel does not do the storage class {name}, whose objects would have to be restored "
            "before they can be read. Use one of " + ", ".join(sorted(_STORAGE_CLASSES)) + ".",
            StorageClassRequested=name,
        )
    return str(name)


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(ObjectProperties)


def encode_properties(properties: ObjectProperties) -> bytes:
    """As stored."""
    return _encoder.encode(properties)


def decode_properties(stored: bytes) -> ObjectProperties:
    """What `encode_properties` made."""
    return _decoder.decode(stored)
