"""S3's POST Object: a file in an HTML form, as browsers and `generate_presigned_post` send it.

The operation is none of botocore's models'. Here the form becomes a PutObject of whoever signed
its policy, or of a stranger. Source: "POST Object" in the Amazon S3 API reference.
"""

from __future__ import annotations

import asyncio
import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, unquote, urlencode, urlsplit

from werkzeug.exceptions import HTTPException
from werkzeug.formparser import MultiPartParser
from werkzeug.http import parse_options_header

from kennel.auth import check_policy, form_time, verify_form
from kennel.errors import ClientError, NotImplementedByKennel
from kennel.gateway.bodies import ClientDisconnected, Receive, Send, read_body
from kennel.gateway.failures import failure_of
from kennel.gateway.plane import Plane
from kennel.gateway.replies import send_response
from kennel.gateway.sources import signature_source, source_of
from kennel.identity import Principal
from kennel.wire import HttpRequest, HttpResponse, encode_error
from kennel.wire.hosts import bucket_of_host
from kennel.wire.xml_text import as_element_text

__all__ = [
    "FormUploads",
    "IncorrectNumberOfFilesInPostRequest",
    "MalformedPOSTRequest",
    "UserKeyMustBeSpecified",
]

_LIMIT = 72 << 20  # bytes of a form, which is read into memory; S3 takes files of 5 GB
_MOST_FIELDS = 1000
_PARAMETERS = {
    "acl": "ACL",
    "cache-control": "CacheControl",
    "content-disposition": "ContentDisposition",
    "content-encoding": "ContentEncoding",
    "content-type": "ContentType",
    "x-amz-storage-class": "StorageClass",
}
_METADATA = "x-amz-meta-"
_OTHERS = frozenset({"expires", "tagging"})
_KNOWN = frozenset(
    {
        "x-amz-algorithm",
        "x-amz-credential",
        "x-amz-date",
        "x-amz-security-token",
        "x-amz-signature",
        "x-amz-storage-class",
    }
)
# A form with none of them is a stranger's: the bucket's policy decides.
_SIGNING = frozenset(
    {"awsaccesskeyid", "policy", "signature", "x-amz-credential", "x-amz-signature"}
)


class MalformedPOSTRequest(ClientError):
    """The body is no form."""


class UserKeyMustBeSpecified(ClientError):
    """The form has no key."""


class IncorrectNumberOfFilesInPostRequest(ClientError):
    """The form has no file, or several."""


@dataclass(frozen=True, slots=True)
class _Form:
    """`fields` by lower-case name; the file's name as the browser knows it, and its bytes."""

    fields: Mapping[str, str]
    filename: str
    content: bytes


class FormUploads:
    """Answers the forms that are posted to a bucket, and leaves every other request alone."""

    def __init__(self, plane: Plane) -> None:
        self._plane = plane

    async def __call__(
        self, request: HttpRequest, receive: Receive, send: Send, request_id: str
    ) -> bool:
        kind, options = parse_options_header(request.headers.get("content-type"))
        if request.method != "POST" or kind != "multipart/form-data" or request.query:
            return False
        try:
            body = await read_body(request, receive, _LIMIT)
            response = await asyncio.get_running_loop().run_in_executor(
                None, self._store, request, body, options.get("boundary", ""), request_id
            )
        except ClientDisconnected:
            raise
        except Exception as error:  # the request boundary: whatever it is becomes an AWS error
            failure = failure_of(error, "rest-xml", request_id)
            response = encode_error(failure, "s3", "rest-xml", request_id)
        await send_response(send, response, request_id)
        return True

    def _store(
        self, request: HttpRequest, body: bytes, boundary: str, request_id: str
    ) -> HttpResponse:
        form = _parsed(body, boundary)
        now = self._plane.clock.wall()
        bucket = bucket_of_host(request.host) or unquote(request.path).strip("/")
        principal, signed = Principal.anonymous(), 0.0
        if _SIGNING & form.fields.keys():
            principal = verify_form(form.fields, self._plane.credentials, now)
            self._plane.credentials.uses.note(_access_key_id(form.fields), "s3", "")
            signed = form_time(form.fields)
            check_policy(form.fields, bucket, len(form.content), now)
        if not form.fields.get("key"):
            raise UserKeyMustBeSpecified(
                "The bucket POST must contain the specified field name. If it is specified, check "
                "the order of the fields."
            )
        key = form.fields["key"].replace("${filename}", form.filename)
        context = self._plane.dispatcher.context(
            principal,
            request_id=request_id,
            source={**source_of(request), **signature_source("POST", signed)},
        )
        parameters = {"Bucket": bucket, "Key": key, "Body": form.content, **_properties(form)}
        put = self._plane.dispatcher.invoke(context, "s3", "PutObject", parameters)
        scheme = "https" if request.secure else "http"
        place = "" if bucket_of_host(request.host) else f"/{bucket}"
        location = f"{scheme}://{request.host}{place}/{quote(key)}"
        return _reply(form.fields, bucket, key, str(put["ETag"]), location)


def _parsed(body: bytes, boundary: str) -> _Form:
    """Fields that come behind the file count for nothing, as on AWS, but are not told apart here:
    they are held to the policy like the others."""
    try:
        parser = MultiPartParser(max_form_parts=_MOST_FIELDS)
        values, files = parser.parse(io.BytesIO(body), boundary.encode(), len(body))
    except (ValueError, HTTPException) as error:  # the latter for a field of half a megabyte
        raise MalformedPOSTRequest(
            "The body of your POST request is not well-formed multipart/form-data."
        ) from error
    fields = {name.lower(): value for name, value in values.items()}
    found = files.getlist("file")
    if len(found) > 1 or len(list(files)) > len(found[:1]) or ("file" in fields) == bool(found):
        raise IncorrectNumberOfFilesInPostRequest(
            "POST requires exactly one file upload per request."
        )
    if not found:  # a form that was made by hand may send it without a file's name
        return _Form(fields, "", fields.pop("file").encode())
    return _Form(fields, found[0].filename or "", found[0].read())


def _access_key_id(fields: Mapping[str, str]) -> str:
    """Whose signature a form has, of version 4 or of version 2."""
    return fields.get("x-amz-credential", "").partition("/")[0] or fields.get("awsaccesskeyid", "")


def _properties(form: _Form) -> dict[str, Any]:
    """What of PutObject's parameters the form has. Raises NotImplementedByKennel for others that
    S3 would take."""
    other = [name for name in form.fields if name in _OTHERS or name.startswith("x-amz-")]
    refused = [n for n in other if n not in _KNOWN and not n.startswith(_METADATA)]
    if refused:
        raise NotImplementedByKennel(
            f"Kennel does not support the form field {', '.join(sorted(refused))} of S3's POST."
        )
    found: dict[str, Any] = {
        parameter: form.fields[name]
        for name, parameter in _PARAMETERS.items()
        if name in form.fields
    }
    metadata = {
        name.removeprefix(_METADATA): value
        for name, value in form.fields.items()
        if name.startswith(_METADATA)
    }
    return found | ({"Metadata": metadata} if metadata else {})


def _reply(
    fields: Mapping[str, str], bucket: str, key: str, etag: str, location: str
) -> HttpResponse:
    headers = {"ETag": etag, "Location": location}
    target = urlsplit(fields.get("success_action_redirect", ""))
    if target.scheme in ("http", "https") and target.netloc:
        query = urlencode({"bucket": bucket, "key": key, "etag": etag})
        query = f"{target.query}&{query}" if target.query else query
        return HttpResponse(303, {**headers, "Location": target._replace(query=query).geturl()})
    status = fields.get("success_action_status", "")
    if status != "201":
        return HttpResponse(200 if status == "200" else 204, headers)
    members = {"Location": location, "Bucket": bucket, "Key": key, "ETag": etag}
    shown = "".join(f"<{name}>{as_element_text(value)}</{name}>" for name, value in members.items())
    document = f'<?xml version="1.0" encoding="UTF-8"?>\n<PostResponse>{shown}</PostResponse>'
    return HttpResponse(201, {**headers, "Content-Type": "application/xml"}, document.encode())
