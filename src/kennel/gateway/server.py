"""Starts a plane and its web server, and stops both."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import gc
import logging
import os
import signal
import socket
import sqlite3
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import uvicorn
import uvloop

from kennel import __version__
from kennel.gateway.application import Application
from kennel.gateway.capture import Capture, FrontDoor
from kennel.gateway.connection import Bounds, close_overdue
from kennel.gateway.container_credentials import ContainerCredentials
from kennel.gateway.form_uploads import FormUploads
from kennel.gateway.function_invocations import FunctionInvocations
from kennel.gateway.instance_metadata import InstanceMetadata
from kennel.gateway.invocations import EndpointInvocations
from kennel.gateway.plane import Plane
from kennel.gateway.status import StatusPage
from kennel.identity import RootFileError
from kennel.plane_record import PlaneRecord, process_start_time
from kennel.settings import Settings

__all__ = ["CannotStart", "serve"]

# What may lie in a state folder before its first plane: what the commands and people put there.
_FIRST_FILES = frozenset({"credentials", "images.toml", "lock", "plane.json", "plane.log", "port"})
_PORT_FILE = "port"  # in the state folder: the port of the plane that ran last

log = logging.getLogger(__name__)


class CannotStart(Exception):
    """Why a plane can't start, in one sentence for the person who typed the command."""


def serve(settings: Settings, on_ready: Callable[[str], None] | None = None) -> None:
    """Runs a plane in the foreground until SIGTERM or SIGINT. Raises CannotStart.

    `on_ready` gets the URL once, when the plane answers; what it raises stops the plane.
    """
    with _state_folder(settings.state), _listening_socket(settings) as listener:
        port = listener.getsockname()[1]
        url = f"http://{settings.host}:{port}"
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_serve(settings, listener, port, url, on_ready))


class _Server(uvicorn.Server):
    """uvicorn without its signal handlers: ours stop the plane in order."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def _serve(
    settings: Settings,
    listener: socket.socket,
    port: int,
    url: str,
    on_ready: Callable[[str], None] | None,
) -> None:
    plane = Plane(settings, url)
    _start(plane)
    plane.runtime.attach(asyncio.get_running_loop())
    plane.functions.attach(asyncio.get_running_loop())
    responders = (
        EndpointInvocations(plane),
        FunctionInvocations(plane),
        FormUploads(plane),
        ContainerCredentials(plane),
        InstanceMetadata(plane),
        StatusPage(plane),
    )
    application = Application(plane, responders)
    config = uvicorn.Config(
        application,
        loop="none",
        http=partial(FrontDoor, Capture(plane.authority), Bounds.of_this_machine()),  # type: ignore[arg-type]  # it makes one
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        proxy_headers=False,  # nobody stands before the plane whose X-Forwarded-For it could trust
        server_header=False,
        date_header=True,
        backlog=2048,
        timeout_graceful_shutdown=5,
    )
    server = _Server(config)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, _ask_to_stop, server)
    await loop.run_in_executor(None, plane.start_services)
    serving = asyncio.ensure_future(server.serve(sockets=[listener]))
    closing = asyncio.ensure_future(close_overdue(server.server_state.connections))
    while not server.started and not serving.done():
        await asyncio.sleep(0.005)
    record = PlaneRecord(
        os.getpid(),
        process_start_time(os.getpid()) or 0,
        port,
        url,
        settings.region,
        __version__,
    )
    record.write(settings.state)
    (settings.state / _PORT_FILE).write_text(f"{port}\n")
    # What is there by now stays: the collector need not look at it again and again (5 % of an
    # invocation, and pauses of tens of milliseconds).
    gc.freeze()
    log.info("ready at %s", url)
    try:
        if on_ready is not None:
            on_ready(url)
        await serving
    finally:
        closing.cancel()
        PlaneRecord.remove(settings.state)
        await loop.run_in_executor(None, plane.stop)
        application.close()


def _ask_to_stop(server: uvicorn.Server) -> None:
    server.should_exit = True


def _start(plane: Plane) -> None:
    try:
        plane.start()
    except RootFileError as error:
        raise CannotStart(str(error)) from error
    except OSError as error:
        raise CannotStart(
            f"The state folder {plane.settings.state} can't be used: {error}."
        ) from error
    except sqlite3.DatabaseError as error:
        raise CannotStart(
            f"The store {plane.settings.state / 'kennel.db'} can't be used: {error}. "
            "Restore it from a copy, or start on another folder by --state."
        ) from error


@contextlib.contextmanager
def _state_folder(folder: Path) -> Iterator[None]:
    """Makes the folder, private to its owner, and holds its lock."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _check_ours(folder)
        folder.chmod(0o700)  # it will hold keys
        descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise CannotStart(
            f"The state folder {folder} can't be used: {error.strerror}. Choose another by --state."
        ) from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(descriptor)
        raise CannotStart(
            f"A plane already runs on the state folder {folder}. "
            "Stop it by `kennel down`, or choose another folder by --state."
        ) from error
    try:
        yield
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def _listening_socket(settings: Settings) -> Iterator[socket.socket]:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        if settings.port or not _bind_as_before(listener, settings):
            listener.bind((settings.host, settings.port))
    except OSError as error:
        listener.close()
        raise CannotStart(
            f"Port {settings.port} on {settings.host} can't be had: {error.strerror}. "
            "Choose another by --port, or 0 for any free one."
        ) from error
    with listener:
        yield listener


def _bind_as_before(listener: socket.socket, settings: Settings) -> bool:
    """Takes the port that a plane had last on this state folder, if it is still free: the jobs
    that it left running know the plane by that port."""
    try:
        listener.bind((settings.host, int((settings.state / _PORT_FILE).read_text())))
    except (OSError, ValueError, OverflowError):
        return False
    return True


def _check_ours(folder: Path) -> None:
    """Raises CannotStart for a folder that somebody uses for something else: a plane would strew
    its files, keys among them, between theirs."""
    strange = sorted({path.name for path in folder.iterdir()} - _FIRST_FILES)
    if strange and not (folder / "kennel.db").exists():
        raise CannotStart(
            f"The folder {folder} holds other things than a plane's state ({strange[0]}, for "
            "example). Choose an empty one, or one that does not exist yet, by --state."
        )
