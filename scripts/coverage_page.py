"""Writes docs/coverage.md: what becomes of every operation of every service that the plane serves.

The answer comes from the same place as at run time: a plane is put together on an empty folder, and
each of its services is asked for the method that would run the operation.
"""

from __future__ import annotations

import sys
import tempfile
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from botocore import xform_name
from botocore.exceptions import UnknownServiceError
from botocore.loaders import Loader
from botocore.model import ServiceModel

from kennel.gateway.plane import Plane
from kennel.services import Service
from kennel.settings import Settings

__all__ = ["PAGE", "Coverage", "coverage", "main", "page"]

PAGE = Path(__file__).resolve().parent.parent / "docs" / "coverage.md"

_HEAD = """\
# What Kennel runs

<!-- Made from the code by `make docs`. -->

Every operation of these services is one of three kinds. **Real**: Kennel does what the operation
says, durably. **Bookkeeping**: it stores and describes things, durably too, and nothing runs behind
it. **Refused**: the reply is the error `NotImplemented` (HTTP 501), whose message names
the operation. A parameter that an operation does not support is refused in the same way, by name.
Requests to any other AWS service are refused as a whole.

| service | real | bookkeeping | refused |
| --- | ---: | ---: | ---: |
"""


@dataclass(frozen=True, slots=True)
class Coverage:
    """The operations of one service, by AWS's names, in alphabetical order."""

    service: str
    title: str
    real: Sequence[str]
    bookkeeping: Sequence[str]
    refused: Sequence[str]
    paginators: Mapping[str, Mapping[str, Any]]
    """botocore's definitions of those whose operation is not refused; a test walks them all."""
    waiters: Mapping[str, Mapping[str, Any]]


def coverage() -> list[Coverage]:
    """Of each service that a plane serves, in alphabetical order."""
    with tempfile.TemporaryDirectory() as folder:
        plane = Plane(Settings(Path(folder)), "http://127.0.0.1:0")
        plane.start()
        try:
            return [_of(service) for _, service in sorted(_services(plane).items())]
        finally:
            plane.stop()


def _services(plane: Plane) -> Mapping[str, Service]:
    return plane.dispatcher.services


def _of(service: Service) -> Coverage:
    model = ServiceModel(Loader().load_service_model(service.name, "service-2"), service.name)
    marked: frozenset[str] = getattr(service, "bookkeeping", frozenset())
    kinds: dict[str, list[str]] = {"real": [], "bookkeeping": [], "refused": []}
    for name in sorted(model.operation_names):
        if service.operation(xform_name(name)) is None:
            kinds["refused"].append(name)
        elif xform_name(name) in marked:
            kinds["bookkeeping"].append(name)
        else:
            kinds["real"].append(name)
    done = {*kinds["real"], *kinds["bookkeeping"]}
    return Coverage(
        service.name,
        model.metadata["serviceFullName"],
        **kinds,
        paginators=_defined(service.name, "paginators-1", "pagination", done),
        waiters=_defined(service.name, "waiters-2", "waiters", done),
    )


def _defined(service: str, kind: str, member: str, done: set[str]) -> dict[str, Any]:
    """botocore's paginators or waiters of these operations."""
    try:
        every: dict[str, Any] = Loader().load_service_model(service, kind)[member]
    except UnknownServiceError:
        return {}  # botocore has none of the service
    return {name: it for name, it in sorted(every.items()) if it.get("operation", name) in done}


def page(services: Sequence[Coverage]) -> str:
    """The page as it should be."""
    rows = [
        f"| [{one.title}](#{one.service}) | {len(one.real)} | {len(one.bookkeeping)} "
        f"| {len(one.refused)} |"
        for one in services
    ]
    sections = [line for one in services for line in _section(one)]
    return _HEAD + "\n".join([*rows, *sections, ""])


def _section(one: Coverage) -> Iterator[str]:
    yield f"\n## {one.service}\n"
    yield f"{one.title}."
    for heading, names in (
        ("Real", one.real),
        ("Bookkeeping", one.bookkeeping),
        ("Refused", one.refused),
        ("Paginators of boto3's that a test walks", list(one.paginators)),
        ("Waiters of boto3's that a test waits with", list(one.waiters)),
    ):
        if names:
            yield f"\n**{heading}** ({len(names)}):"
            yield textwrap.fill(", ".join(names), 100, break_on_hyphens=False) + "."


def main() -> int:
    """Writes the page; returns the exit code."""
    PAGE.write_text(page(coverage()))
    print(PAGE)
    return 0


if __name__ == "__main__":
    sys.exit(main())
