"""What policies cost a request: the step alone, and InvokeEndpoint beside `--iam=off`."""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from benchmarks.bench import Bench, address_of, signer_of
from benchmarks.load import drive
from benchmarks.models import Deployed, deploy
from benchmarks.payloads import echo_model
from benchmarks.processes import cpu_seconds
from benchmarks.row import Row, Series
from benchmarks.signing import Signer
from kennel.gateway.plane import ACCOUNT_ID
from kennel.gateway.plane import Plane as LocalPlane
from kennel.identity import Principal, PrincipalKind
from kennel.settings import Settings
from tests.planes import Plane

__all__ = ["measure"]

_TARGET = 0.2  # ms
_POLICIES = 50
_STATEMENTS = 20
_MOST_ATTACHED = 10  # to a user or a group: the others come by groups
_ENDPOINTS = f"arn:aws:sagemaker:us-east-1:{ACCOUNT_ID}:endpoint/"
_CONDITION = {
    "StringEquals": {"aws:RequestedRegion": "us-east-1"},
    "IpAddress": {"aws:SourceIp": ["127.0.0.0/8", "10.0.0.0/8"]},
}


def measure(bench: Bench) -> Iterator[Row]:
    """A user with 50 policies of 20 statements, every one on InvokeEndpoint; one statement of the
    last policy allows it."""
    for title in _STATEMENT:
        yield from _step(bench, title)
        yield from _requests(bench, title)


def _part(title: str) -> str:
    return f"authorization {title}, {_POLICIES} policies of {_STATEMENTS} statements"


def _step(bench: Bench, title: str) -> Iterator[Row]:
    """The authorize step in this process, its record included."""
    state = bench.folder / f"iam-{title.replace(' ', '-')}-step"
    state.mkdir()
    plane = LocalPlane(Settings(state, iam="enforce"), "http://127.0.0.1:0")
    plane.start()
    try:
        root = plane.dispatcher.context(Principal.root(ACCOUNT_ID))
        _user(lambda operation, **parameters: root.call("iam", operation, **parameters), title)
        user = root.call("iam", "GetUser", UserName="ann")["User"]
        principal = Principal(PrincipalKind.USER, ACCOUNT_ID, user["Arn"], user["UserId"])
        context = plane.dispatcher.context(principal, source={"source_ip": "127.0.0.1"})
        samples = []
        count = bench.count(20_000)
        for _ in range(bench.rounds(7) + 1):
            began = time.process_time()
            for _ in range(count):
                plane.dispatcher.authorize(
                    replace(context),
                    "sagemaker-runtime",
                    "InvokeEndpoint",
                    {"EndpointName": "echo"},
                )
            samples.append((time.process_time() - began) * 1e3 / count)
        yield Row(_part(title), Series.of("the step", samples[1:], "ms"), target=_TARGET)
    finally:
        plane.stop()


def _requests(bench: Bench, title: str) -> Iterator[Row]:
    """InvokeEndpoint of a handler that does nothing, on two planes in turns."""
    names = (f"{title} {mode}".replace(" ", "-") for mode in ("enforce", "off"))
    with (
        bench.plane(f"iam-{next(names)}", "--iam", "enforce") as asked,
        bench.plane(f"iam-{next(names)}", "--iam", "off") as silent,
    ):
        planes = [(plane, _signer(plane, title)) for plane in (asked, silent)]
        for plane, _ in planes:
            deploy(plane, Deployed("echo", echo_model(), b"[1]"))
        samples: list[list[float]] = [[], []]
        for turn in range(bench.rounds(7) + 1):
            for place, (plane, signer) in enumerate(planes):
                cost = _cost(plane, signer, bench.seconds(1.2))
                if turn:
                    samples[place].append(cost)
    ours, others = samples
    more = [one - other for one, other in zip(ours, others, strict=True)]
    yield Row(_part(title), Series.of("more than --iam=off", more, "ms"), target=_TARGET)
    yield Row(
        _part(title),
        Series.of("the plane's CPU a request", ours, "ms"),
        Series.of("--iam=off", others, "ms"),
        pairs=True,
    )


def _cost(plane: Plane, signer: Signer, seconds: float) -> float:
    """The plane's processor time of a request, in ms."""
    request = signer.invoke_endpoint("echo", b"[1]", "application/json")
    before = cpu_seconds([plane.pid])
    load = drive(
        address_of(plane.connection), itertools.repeat(request), clients=1, seconds=seconds
    )
    return (cpu_seconds([plane.pid]) - before) * 1e3 / load.requests


def _signer(plane: Plane, title: str) -> Signer:
    """Signs as the user with the policies."""
    iam = plane.client("iam")

    def call(operation: str, **parameters: Any) -> Any:
        return iam._make_api_call(operation, parameters)

    _user(call, title)
    key = iam.create_access_key(UserName="ann")["AccessKey"]
    return replace(
        signer_of(plane.connection),
        access_key_id=key["AccessKeyId"],
        secret_access_key=key["SecretAccessKey"],
    )


def _user(call: Any, title: str) -> None:
    """Makes ann, her groups and all policies."""
    call("CreateUser", UserName="ann")
    for number in range(_POLICIES):
        made = call(
            "CreatePolicy",
            PolicyName=f"p{number}",
            PolicyDocument=json.dumps(_policy(number, title), separators=(",", ":")),
        )
        arn = made["Policy"]["Arn"]
        group, place = divmod(number, _MOST_ATTACHED)
        if group == 0:
            call("AttachUserPolicy", UserName="ann", PolicyArn=arn)
            continue
        if place == 0:
            call("CreateGroup", GroupName=f"g{group}")
            call("AddUserToGroup", GroupName=f"g{group}", UserName="ann")
        call("AttachGroupPolicy", GroupName=f"g{group}", PolicyArn=arn)


def _policy(number: int, title: str) -> dict[str, Any]:
    statements = []
    for place in range(_STATEMENTS):
        last = number == _POLICIES - 1 and place == _STATEMENTS - 1
        made = _STATEMENT[title](number, place, last)
        statements.append({"Effect": "Allow", "Action": "sagemaker:InvokeEndpoint", **made})
    return {"Version": "2012-10-17", "Statement": statements}


def _by_name(number: int, place: int, last: bool) -> dict[str, Any]:
    return {"Resource": _ENDPOINTS + ("echo" if last else f"team-{number}-*-{place}")}


def _by_conditions(number: int, place: int, last: bool) -> dict[str, Any]:
    if last:
        return {"Resource": f"{_ENDPOINTS}echo", "Condition": _CONDITION}
    name = {"StringLike": {"aws:username": f"x{place}*"}}
    return {"Resource": f"{_ENDPOINTS}*", "Condition": {**_CONDITION, **name}}


def _by_variables(number: int, place: int, last: bool) -> dict[str, Any]:
    name = "echo${aws:PrincipalTag/team, ''}" if last else f"{number}-${{aws:username}}-{place}-*"
    return {"Resource": _ENDPOINTS + name}


# By title: what of policies decides, and the statement in that place of that policy.
_STATEMENT: Mapping[str, Callable[[int, int, bool], dict[str, Any]]] = {
    "by name": _by_name,
    "by conditions": _by_conditions,
    "by variables": _by_variables,
}
