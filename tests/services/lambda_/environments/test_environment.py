"""Environments over a sandbox without a process: what they make of the runtime's first words."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import json
import threading
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import cast

from kennel.services.lambda_.environments.environment import Environment, Request
from kennel.services.lambda_.environments.sandbox import Sandbox
from tests.services.lambda_.environments.doubles import DEPLOYMENT

API = "/2018-06-01/runtime"


class HastySandbox:
    """A sandbox whose runtime speaks before `launch` returns: `speak` is given the API's address
    and token, and runs on a thread that stays behind."""

    pidfd = -1

    def __init__(self, speak: Callable[[str, str], None]) -> None:
        self._speak = speak
        self._ended = threading.Event()
        self.frozen = False
        self.lines: list[str] = []

    def launch(self, address: str, token: str) -> None:
        self._thread = threading.Thread(target=self._speak, args=(address, token))
        self._thread.start()
        time.sleep(0.1)  # so that the loop meets what was said first

    def ended(self) -> bool:
        return self._ended.is_set()

    def collect(self) -> None:
        self._ended.set()

    def freeze(self) -> None:
        self.frozen = True

    def thaw(self) -> None:
        self.frozen = False

    def mark(self) -> int:
        return 0

    def tail(self, start: int) -> bytes:
        return b""

    def end_line(self) -> None:
        pass

    def memory_used(self) -> int:
        return 0

    def write(self, text: str) -> None:
        self.lines.append(text)

    def release(self) -> None:
        pass

    def stop(self) -> None:
        self._ended.set()

    def join(self) -> None:
        """Waits for the runtime."""
        self._thread.join()


def asks_for_work(address: str, token: str) -> None:
    """A runtime that is ready at once and answers one invocation."""
    with contextlib.closing(http.client.HTTPConnection(address, timeout=10)) as connection:
        shown = {"Kennel-Runtime-Token": token}
        connection.request("GET", f"{API}/invocation/next", headers=shown)
        with contextlib.suppress(OSError, http.client.HTTPException):  # nobody had work for it
            reply = connection.getresponse()
            request_id = reply.getheader("Lambda-Runtime-Aws-Request-Id")
            reply.read()
            path = f"{API}/invocation/{request_id}/response"
            connection.request("POST", path, b'"done"', shown)
            connection.getresponse().read()


def fails_to_load(address: str, token: str) -> None:
    """A runtime whose handler can't be imported."""
    body = json.dumps({"errorType": "ImportError", "errorMessage": "no"})
    headers = {
        "Lambda-Runtime-Function-Error-Type": "Runtime.ImportModuleError",
        "Kennel-Runtime-Token": token,
    }
    with contextlib.closing(http.client.HTTPConnection(address, timeout=10)) as connection:
        connection.request("POST", f"{API}/init/error", body, headers)
        connection.getresponse().read()


def run(
    speak: Callable[[str, str], None], story: Callable[[Environment, HastySandbox], Awaitable[None]]
) -> None:
    async def main() -> None:
        sandbox = HastySandbox(speak)
        with ThreadPoolExecutor(2) as executor:
            environment = Environment(
                DEPLOYMENT, cast(Sandbox, sandbox), executor, asyncio.Semaphore(1)
            )
            try:
                await story(environment, sandbox)
            finally:
                await environment.close()
                await asyncio.to_thread(sandbox.join)

    asyncio.run(main())


def test_a_runtime_that_is_ready_before_its_start_is_known_is_ready() -> None:
    async def story(environment: Environment, sandbox: HastySandbox) -> None:
        assert await environment.prepare(5.0)
        assert sandbox.frozen
        answer = await environment.invoke(Request("id", "arn", b"{}"))
        assert answer.payload == b'"done"'

    run(asks_for_work, story)


def test_an_invocation_is_served_by_a_runtime_that_was_ready_before_its_start_was_known() -> None:
    async def story(environment: Environment, sandbox: HastySandbox) -> None:
        answer = await environment.invoke(Request("id", "arn", b"{}"))
        assert (answer.payload, answer.function_error) == (b'"done"', "")

    run(asks_for_work, story)


def test_a_handler_that_can_not_be_loaded_is_told_of_even_before_the_start_is_known() -> None:
    async def story(environment: Environment, sandbox: HastySandbox) -> None:
        assert not await environment.prepare(5.0)
        assert "Runtime.ImportModuleError" in "".join(sandbox.lines)

    run(fails_to_load, story)
