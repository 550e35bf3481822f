"""The instance metadata service, for instances whose SDKs are told where to find it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from urllib.parse import unquote

from kennel.errors import AwsError
from kennel.gateway.bodies import ClientDisconnected, Receive, Send, read_body
from kennel.gateway.plane import Plane
from kennel.gateway.replies import send_response
from kennel.identity import Grant
from kennel.services.instance_metadata import (
    LONGEST_TTL,
    InstanceDirectory,
    InstanceFacts,
    SessionTokens,
    look_up,
)
from kennel.services.process_credentials import INSTANCE_PATH, credential_document
from kennel.services.roles import RoleNotPassable
from kennel.wire import HttpRequest, HttpResponse

__all__ = ["InstanceMetadata"]

log = logging.getLogger(__name__)

_TOKEN_PATH = "latest/api/token"
_TTL = "x-aws-ec2-metadata-token-ttl-seconds"
_TOKEN = "x-aws-ec2-metadata-token"
_REASONS = {
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    500: "Internal Server Error",
}


class InstanceMetadata:
    """`/_kennel/instance/ID/TOKEN/latest/…`: IMDS for the instance whose grant has that id and
    token, which its SDKs have in AWS_EC2_METADATA_SERVICE_ENDPOINT. All instances share this
    machine's address, so it is the path that tells them apart, and is a secret of each.
    """

    def __init__(self, plane: Plane) -> None:
        self._plane = plane

    async def __call__(
        self, request: HttpRequest, receive: Receive, send: Send, request_id: str
    ) -> bool:
        if not request.path.startswith(INSTANCE_PATH):
            return False
        try:
            await read_body(request, receive, 0)
        except ClientDisconnected:
            return True  # here, since elsewhere its path might be logged
        except AwsError as error:
            response = _status(error.status)
        else:
            loop = asyncio.get_running_loop()
            response = await loop.run_in_executor(None, self._answer, request)
        if request.method == "HEAD":
            response.headers["Content-Length"] = str(len(response.body))
            response.body = b""
        await send_response(send, response, request_id)
        return True

    def _answer(self, request: HttpRequest) -> HttpResponse:
        identifier, _, rest = request.path.removeprefix(INSTANCE_PATH).partition("/")
        token, _, path = rest.partition("/")
        path = unquote(path)
        grant = self._plane.credentials.grants.find(identifier, token)
        facts = None if grant is None else self._facts(grant)
        if grant is None or facts is None:
            return _status(404)
        try:
            return self._serve(request, path, identifier, grant, facts)
        except Exception:  # the request boundary
            log.exception("instance metadata could not be served")
            return _status(500)

    def _facts(self, grant: Grant) -> InstanceFacts | None:
        for service in self._plane.dispatcher.services.values():
            if isinstance(service, InstanceDirectory):
                facts = service.instance_facts(grant.holder)
                if facts is not None:
                    return facts
        return None

    def _serve(
        self, request: HttpRequest, path: str, identifier: str, grant: Grant, facts: InstanceFacts
    ) -> HttpResponse:
        tokens = SessionTokens(bytes.fromhex(grant.digest))
        now = self._plane.clock.wall()
        if path == _TOKEN_PATH:
            return _issue(request, tokens, now)
        if request.method not in ("GET", "HEAD"):
            return _status(405)
        token = request.headers.get(_TOKEN)
        if not (tokens.is_good(token, now) if token is not None else not facts.needs_token):
            return _status(401)
        found = look_up(facts, path, partial(self._credentials, identifier, grant, facts))
        return _status(404) if found is None else _plain(200, found)

    def _credentials(
        self, identifier: str, grant: Grant, facts: InstanceFacts
    ) -> Mapping[str, str]:
        """A role that can't be assumed is told in the document, with status 200, as on AWS."""
        now = datetime.fromtimestamp(self._plane.clock.wall(), UTC)
        updated = {"LastUpdated": now.strftime("%Y-%m-%dT%H:%M:%SZ")}
        try:
            session = self._plane.desk.session(identifier, grant)
        except RoleNotPassable as error:
            return {"Code": "AssumeRoleUnauthorizedAccess", "Message": error.reason, **updated}
        return {
            "Code": "Success",
            **updated,
            "Type": "AWS-HMAC",
            **credential_document(session),
        }


def _issue(request: HttpRequest, tokens: SessionTokens, now: float) -> HttpResponse:
    """A session token. A request that came through a proxy gets none: what tricks a web server
    into asking for it must not have it."""
    if request.method != "PUT":
        return _status(405)
    if "x-forwarded-for" in request.headers:
        return _status(403)
    text = request.headers.get(_TTL, "")
    if not (text.isascii() and text.isdigit() and len(text) <= 5):
        return _status(400)
    seconds = int(text)
    if not 1 <= seconds <= LONGEST_TTL:
        return _status(400)
    response = _plain(200, tokens.issue(seconds, now).encode())
    response.headers["X-Aws-Ec2-Metadata-Token-Ttl-Seconds"] = str(seconds)
    return response


def _status(status: int) -> HttpResponse:
    return _plain(status, f"{status} - {_REASONS.get(status, 'Error')}\n".encode())


def _plain(status: int, body: bytes) -> HttpResponse:
    headers = {"Content-Type": "text/plain", "Cache-Control": "no-store", "Server": "EC2ws"}
    return HttpResponse(status, headers, body)
