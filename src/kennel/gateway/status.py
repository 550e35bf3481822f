"""`/_kennel/`: what AWS has no call for, signed like every other request."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any

from kennel import __version__
from kennel.auth import AuthenticationError, as_aws_error, verify
from kennel.errors import AwsError
from kennel.gateway.bodies import Receive, Send, read_body
from kennel.gateway.decision_page import decision_page
from kennel.gateway.plane import ACCOUNT_ID, Plane
from kennel.gateway.replies import send_response
from kennel.gateway.sources import source_of
from kennel.identity import Principal
from kennel.services import Access, Context
from kennel.wire import HttpRequest, HttpResponse, encode_error

__all__ = ["StatusPage"]

_PREFIX = "/_kennel/"


class StatusPage:
    """Signed with the service name `kennel`; JSON in the answers.

    GET /_kennel/status: the plane's own state, for the account's root or any of its principals;
    jobs by their names for whom sagemaker:ListTrainingJobs is allowed.
    GET /_kennel/decisions: the record of decisions (see `decision_page`), for the root and for
    whom a policy allows kennel:ListDecisions, whatever `--iam` says.
    """

    def __init__(self, plane: Plane) -> None:
        self._plane = plane

    async def __call__(
        self, request: HttpRequest, receive: Receive, send: Send, request_id: str
    ) -> bool:
        if not request.path.startswith(_PREFIX):
            return False
        try:
            await read_body(request, receive, 0)
        except AwsError as error:
            response = encode_error(error, "kennel", "rest-json", request_id)
        else:
            loop = asyncio.get_running_loop()
            response = await loop.run_in_executor(None, self._answer, request, request_id)
        await send_response(send, response, request_id)
        return True

    def _answer(self, request: HttpRequest, request_id: str) -> HttpResponse:
        try:
            now = self._plane.clock.wall()
            verified = verify(request, self._plane.credentials, now, service="kennel")
            self._plane.note_key(verified)
        except AuthenticationError as error:
            aws_error = as_aws_error(error, "rest-json")
            return encode_error(aws_error, "kennel", "rest-json", request_id)
        name = request.path.removeprefix(_PREFIX) if request.method == "GET" else ""
        context = self._plane.dispatcher.context(
            verified.principal, request_id=request_id, source=source_of(request, verified)
        )
        try:
            if name == "status":
                return _json(200, self._status(context))
            if name == "decisions":
                self._plane.authorizer.require(context, "kennel", Access("kennel:ListDecisions"))
                return _json(200, decision_page(self._plane.decisions, request.query_values))
        except AwsError as error:
            return encode_error(error, "kennel", "rest-json", request_id)
        return _json(404, {"message": f"There is no {request.method} {request.path}."})

    def _status(self, caller: Context) -> dict[str, Any]:
        plane = self._plane
        capabilities = plane.engine.capabilities
        return {
            "version": __version__,
            "url": plane.url,
            "state": str(plane.settings.state),
            "region": plane.settings.region,
            "account": ACCOUNT_ID,
            "uptime_seconds": time.time() - plane.started,
            "clock": {
                "wall": plane.clock.wall(),
                "policy": plane.clock.policy(),
                "scale": plane.clock.scale,
            },
            "engine": {
                "mount_namespaces": capabilities.mount_namespaces,
                "memory": capabilities.memory,
                "limits": list(capabilities.limits),
            },
            "iam": str(plane.authorizer.mode),
            "launch_delay_seconds": plane.settings.launch_delay,
            "services": sorted(plane.dispatcher.services),
            "training_jobs_in_progress": self._jobs(caller),
        }

    def _jobs(self, caller: Context) -> list[str]:
        """The training jobs whose processes would outlive the plane, if the caller may list them.
        Nobody asked for a list, so no denial is recorded."""
        if not self._plane.authorizer.allows(caller, Access("sagemaker:ListTrainingJobs")):
            return []
        context = self._plane.dispatcher.context(Principal.root(ACCOUNT_ID))
        page = context.call(
            "sagemaker", "ListTrainingJobs", StatusEquals="InProgress", MaxResults=100
        )
        return [job["TrainingJobName"] for job in page["TrainingJobSummaries"]]


def _json(status: int, content: dict[str, Any]) -> HttpResponse:
    body = json.dumps(content).encode()
    return HttpResponse(status, {"Content-Type": "application/json"}, body)
