"""The endpoint that AWS's SDKs know as the container credential provider."""

from __future__ import annotations

import asyncio
import json
import logging

from kennel.errors import AwsError
from kennel.gateway.bodies import Receive, Send, read_body
from kennel.gateway.plane import Plane
from kennel.gateway.replies import send_response
from kennel.services.process_credentials import CREDENTIALS_PATH, NoSuchGrant
from kennel.services.roles import RoleNotPassable
from kennel.wire import HttpRequest, HttpResponse

__all__ = ["ContainerCredentials"]

log = logging.getLogger(__name__)

_NO_GRANT = (
    "The token in the Authorization header is not that of a process which runs now. "
    "Credentials are for the job, endpoint or notebook instance that they were promised to."
)


class ContainerCredentials:
    """GET /_kennel/credentials/ID with a process's token: a session of its role, as JSON.

    It is not signed: this is where a process gets what it signs with. An error is JSON too, with
    `code` and `message`, which SDKs show.
    """

    def __init__(self, plane: Plane) -> None:
        self._plane = plane

    async def __call__(
        self, request: HttpRequest, receive: Receive, send: Send, request_id: str
    ) -> bool:
        if not request.path.startswith(CREDENTIALS_PATH):
            return False
        try:
            await read_body(request, receive, 0)
        except AwsError as error:
            response = _error(error.status, error.code, error.message)
        else:
            loop = asyncio.get_running_loop()
            response = await loop.run_in_executor(None, self._answer, request)
        await send_response(send, response, request_id)
        return True

    def _answer(self, request: HttpRequest) -> HttpResponse:
        if request.method != "GET":
            return _error(405, "MethodNotAllowed", "Credentials are asked for by GET.")
        identifier = request.path.removeprefix(CREDENTIALS_PATH)
        try:
            document = self._plane.desk.ask(identifier, request.headers.get("authorization", ""))
        except NoSuchGrant:
            return _error(401, "Unauthorized", _NO_GRANT)
        except RoleNotPassable as error:
            return _error(403, "AccessDenied", error.reason)
        except Exception:  # the request boundary
            log.exception("credentials could not be handed out")
            return _error(500, "InternalError", "The plane's log says why.")
        return _json(200, document)


def _error(status: int, code: str, message: str) -> HttpResponse:
    return _json(status, {"code": code, "message": message})


def _json(status: int, content: dict[str, str]) -> HttpResponse:
    headers = {"Content-Type": "application/json", "Cache-Control": "no-store"}
    return HttpResponse(status, headers, json.dumps(content).encode())
