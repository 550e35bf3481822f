"""Notebook instances for tests: made by boto3, opened as a browser opens them."""

from __future__ import annotations

import base64
import json
import uuid
from http.cookiejar import CookieJar
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import (
    HTTPCookieProcessor,
    OpenerDirector,
    ProxyHandler,
    Request,
    build_opener,
)

import websocket
from botocore.config import Config
from botocore.exceptions import WaiterError

from tests.planes import Plane
from tests.roles import role_arn

__all__ = ["Browser", "Notebooks", "script"]


def script(text: str) -> list[dict[str, str]]:
    """A lifecycle hook."""
    return [{"Content": base64.b64encode(text.encode()).decode()}]


class Notebooks:
    """Makes a role if it is not there, and instances."""

    def __init__(self, plane: Plane) -> None:
        # What AWS refuses is to be refused by the plane, not by boto3 before it.
        self.sagemaker = plane.client("sagemaker", Config(parameter_validation=False))
        self.logs = plane.client("logs")
        self.role = role_arn(plane.client("iam"), "notebooks")

    def create(self, name: str, **changes: Any) -> str:
        request = {
            "NotebookInstanceName": name,
            "InstanceType": "ml.t3.medium",
            "RoleArn": self.role,
            **changes,
        }
        return str(self.sagemaker.create_notebook_instance(**request)["NotebookInstanceArn"])

    def describe(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = self.sagemaker.describe_notebook_instance(NotebookInstanceName=name)
        return found

    def wait(self, name: str, waiter: str) -> None:
        """Waits by boto3's own waiter: `in_service`, `stopped` or `deleted`."""
        try:
            self.sagemaker.get_waiter(f"notebook_instance_{waiter}").wait(
                NotebookInstanceName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 120}
            )
        except WaiterError as error:
            error.add_note(str(error.last_response.get("FailureReason")))
            raise

    def open(self, name: str, **options: Any) -> Browser:
        """A browser that opened the presigned URL."""
        answer = self.sagemaker.create_presigned_notebook_instance_url(
            NotebookInstanceName=name, **options
        )
        browser = Browser(answer["AuthorizedUrl"])
        status, url, _ = browser.open(answer["AuthorizedUrl"])
        assert (status, urlsplit(url).path) == (200, "/lab")
        return browser

    def log(self, name: str, stream: str) -> str:
        """The lines of one of the instance's log streams."""
        events = self.logs.get_log_events(
            logGroupName="/aws/sagemaker/NotebookInstances",
            logStreamName=f"{name}/{stream}",
            startFromHead=True,
        )["events"]
        return "\n".join(event["message"] for event in events)


class Browser:
    """Cookies, redirects and kernels' websockets; nothing else of a browser."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self.origin = f"{parts.scheme}://{parts.netloc}"
        self.cookies = CookieJar()
        self._opener: OpenerDirector = build_opener(
            ProxyHandler({}), HTTPCookieProcessor(self.cookies)
        )

    def open(
        self, url: str, data: Any = None, method: str = "", **headers: str
    ) -> tuple[int, str, bytes]:
        """Status, last URL and body; `url` may be a path. XSRF's header is sent with data."""
        if not url.startswith("http"):
            url = self.origin + url
        body = None if data is None else json.dumps(data).encode()
        if body is not None:
            headers = {"X-XSRFToken": self._cookie("_xsrf")} | headers
        request = Request(url, body, headers, method=method or ("GET" if body is None else "POST"))
        try:
            with self._opener.open(request, timeout=60) as reply:
                return reply.status, reply.url, reply.read()
        except HTTPError as error:
            return error.code, error.url or "", error.read()

    def get(self, path: str) -> Any:
        """What Jupyter's REST API answers."""
        status, _, body = self.open(path)
        assert status == 200, body
        return json.loads(body)

    def run(self, code: str, kernel: str = "conda_pytorch_p310") -> str:
        """Runs a cell in a kernel of its own; what it printed, with its error if there was one."""
        status, _, body = self.open("/api/kernels", {"name": kernel})
        assert status == 201, body
        kernel_id = json.loads(body)["id"]
        try:
            return self._run(kernel_id, code)
        finally:
            self.open(f"/api/kernels/{kernel_id}", {}, "DELETE")

    def _run(self, kernel_id: str, code: str) -> str:
        cookies = "; ".join(f"{cookie.name}={cookie.value}" for cookie in self.cookies)
        channel = websocket.create_connection(
            f"ws{self.origin.removeprefix('http')}/api/kernels/{kernel_id}/channels",
            cookie=cookies,
            origin=self.origin,
            timeout=60,
            http_no_proxy=["127.0.0.1"],
        )
        try:
            header: dict[str, Any] = {
                "msg_id": uuid.uuid4().hex,
                "msg_type": "execute_request",
                "session": "test",
            }
            content = {"code": code, "silent": False, "store_history": False, "stop_on_error": True}
            message: dict[str, Any] = {
                "header": header | {"version": "5.3", "username": "", "date": ""}
            }
            message |= {"parent_header": {}, "metadata": {}, "channel": "shell", "buffers": []}
            channel.send(json.dumps(message | {"content": content}))
            return _printed(channel, header["msg_id"])
        finally:
            channel.close()

    def _cookie(self, name: str) -> str:
        return next((cookie.value or "" for cookie in self.cookies if cookie.name == name), "")


def _printed(channel: Any, msg_id: str) -> str:
    said = ""
    while True:
        message = json.loads(channel.recv())
        if message["parent_header"].get("msg_id") != msg_id:
            continue
        match message["msg_type"]:
            case "stream":
                said += message["content"]["text"]
            case "error":
                said += "\n".join(message["content"]["traceback"])
            case "status" if message["content"]["execution_state"] == "idle":
                return said
