"""Runs the demo under wide policies, then again under generated ones alone.

The first run is a notebook role's, with the full-access policies that people attach, and the demo's
own roles for jobs and function. `kennel iam generate` then writes all three roles' policies from
what was recorded. The second run has these and nothing else. It prints the sizes before and after;
exit code 1 if anything fails.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from kennel.cli.connection import Connection, connect
from kennel.cli.errors import CommandError
from kennel.demo import endpoint, function, roles
from kennel.demo.dataset import DataSet, read
from kennel.demo.flow import Flow, Order
from kennel.demo.screen import Screen
from kennel.vision.drawing import draw_dataset

__all__ = ["main"]

_NOTEBOOK = "notebook"
_WIDE = (
    "AmazonSageMakerFullAccess",
    "AmazonS3FullAccess",
    "IAMFullAccess",
    "AWSLambda_FullAccess",
    "CloudWatchLogsFullAccess",
)


def main() -> int:
    """Returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", metavar="DIR", help="photos as train/, valid/, test/NNN.breed")
    parser.add_argument("--output", metavar="DIR", help="where policies and plots are kept")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="kennel-") as temporary:
        output = Path(arguments.output or temporary).absolute()
        output.mkdir(parents=True, exist_ok=True)
        photos = Path(arguments.data) if arguments.data else output / "pictures"
        if not arguments.data and not photos.exists():
            draw_dataset(photos, breeds=3, train=6, valid=3, test=3, workers=1)
        state = Path(temporary) / "state"
        _kennel(state, "up", "--detach", "--port", "0", "--iam", "enforce")
        try:
            return _run(state, read(photos), output)
        except CommandError as error:
            print(f"{parser.prog}: {error}", file=sys.stderr)
            return 1
        finally:
            _kennel(state, "down")


def _run(state: Path, data: DataSet, output: Path) -> int:
    plane = connect(state)
    iam = plane.client("iam")
    role = _notebook_role(iam, plane.client("sts").get_caller_identity()["Account"])
    order = Order(data, output, trials=2, is_real=False, keep=True)
    wide = Flow(_as_role(plane, role), order, Screen()).run()
    reports = {
        "sagemaker": _generate(state, output, "sagemaker", f"{wide.run}-sagemaker"),
        "function": _generate(state, output, "function", f"{wide.run}-function"),
    }
    _take_away(_as_role(plane, role), wide.run)
    reports["notebook"] = _generate(state, output, "notebook", _NOTEBOOK)
    _kennel(state, "iam", "generate", _NOTEBOOK, "--apply")
    policies = {name: json.dumps(made["policies"][0]) for name, made in reports.items()}
    narrow = replace(order, keep=False, policies=policies)
    Flow(_as_role(plane, role), narrow, Screen()).run()
    _print(reports)
    return 0


def _notebook_role(iam: Any, account: str) -> str:
    trust = {
        "Version": "2012-10-17",
        "Statement": {
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:aws:iam::{account}:root"},
            "Action": "sts:AssumeRole",
        },
    }
    made = iam.create_role(RoleName=_NOTEBOOK, AssumeRolePolicyDocument=json.dumps(trust))
    for name in _WIDE:
        iam.attach_role_policy(RoleName=_NOTEBOOK, PolicyArn=f"arn:aws:iam::aws:policy/{name}")
    return str(made["Role"]["Arn"])


def _as_role(plane: Connection, role_arn: str) -> Connection:
    keys = plane.client("sts").assume_role(RoleArn=role_arn, RoleSessionName="demo")["Credentials"]
    return Connection(
        plane.url,
        plane.region,
        keys["AccessKeyId"],
        keys["SecretAccessKey"],
        keys["SessionToken"],
    )


def _take_away(plane: Connection, run: str) -> None:
    """What the first run kept, as itself would have: with the role's calls, for its policy."""
    function.delete(plane.client("lambda"), run)
    endpoint.delete(plane.client("sagemaker"), run)
    for kind in ("function", "sagemaker"):
        roles.delete_role(plane.client("iam"), f"{run}-{kind}")


def _generate(state: Path, output: Path, name: str, role: str) -> Mapping[str, Any]:
    report: dict[str, Any] = json.loads(
        _kennel(state, "iam", "generate", role, "--json", "--inline")
    )
    (policy,) = report["policies"]
    output.joinpath(f"{name}.json").write_text(json.dumps(policy, indent=2) + "\n")
    return report


def _print(reports: Mapping[str, Mapping[str, Any]]) -> None:
    print("\nThe demo passed again under the generated policies alone.")
    print(
        f"{'role':<10}{'calls':>8}{'actions before':>16}{'after':>7}{'grants before':>15}"
        f"{'after':>7}{'near misses open':>18}{'now':>5}{'characters':>12}"
    )
    for name, made in reports.items():
        proof, before, after = made["proof"], made["before"], made["after"]
        print(
            f"{name:<10}{proof['calls']:>8,}{before['actions']:>16,}{after['actions']:>7,}"
            f"{before['grants']:>15,}{after['grants']:>7,}"
            f"{proof['near_misses_allowed_by_old']:>18,}"
            f"{len(proof['near_misses_allowed_by_new']):>5,}{sum(made['sizes']):>12,}"
        )


def _kennel(state: Path, *words: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "kennel", words[0], "--state", str(state), *words[1:]],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise CommandError(done.stderr.strip().removeprefix("kennel: "))
    return done.stdout


if __name__ == "__main__":
    sys.exit(main())
