"""A plane in this process whose services can be asked what operations need."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from kennel.gateway.plane import Plane
from kennel.identity import Principal
from kennel.services import Access, Context
from kennel.settings import Settings

ACCOUNT = "000000000000"

Needs = Callable[..., list[tuple[str, str]]]
"""`needs("s3", "GetObject", Bucket="b", Key="k")`: actions with their resources, as pairs."""


@pytest.fixture(scope="session")
def local_plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plane]:
    plane = Plane(Settings(state=tmp_path_factory.mktemp("local")), "http://127.0.0.1:9")
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    plane.start()
    try:
        asyncio.run_coroutine_threadsafe(_attach(plane, loop), loop).result()
        plane.start_services()
        yield plane
    finally:
        plane.stop()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _attach(plane: Plane, loop: asyncio.AbstractEventLoop) -> None:
    plane.functions.attach(loop)


@pytest.fixture(scope="session")
def root(local_plane: Plane) -> Context:
    """A context of the root user's, for making what a test needs."""
    return local_plane.dispatcher.context(Principal.root(local_plane.dispatcher._account_id))


@pytest.fixture(scope="session")
def accesses(local_plane: Plane, root: Context) -> Callable[..., list[Access]]:
    """`accesses("s3", "GetObject", Bucket=…)`."""

    def ask(service: str, operation: str, ctx: Context = root, **parameters: Any) -> list[Access]:
        return list(local_plane.dispatcher.services[service].accesses(ctx, operation, parameters))

    return ask


@pytest.fixture(scope="session")
def needs(accesses: Callable[..., list[Access]]) -> Needs:
    def ask(service: str, operation: str, **given: Any) -> list[tuple[str, str]]:
        return [(one.action, one.resource) for one in accesses(service, operation, **given)]

    return ask
