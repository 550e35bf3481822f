"""What a plane is started with: one table that makes the options of `kennel up` and their docs."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ["SETTINGS", "Setting", "Settings"]

_REGION = re.compile(r"[a-z]{2,4}(-[a-z]+)+-\d")


@dataclass(frozen=True, slots=True)
class Settings:
    """A plane's settings, checked. `port` 0 takes any free one."""

    state: Path
    port: int = 4566
    time_scale: float = 1.0
    region: str = "us-east-1"
    job_network: str = "isolated"
    host: str = "127.0.0.1"
    launch_delay: float = 0.0
    iam: str = "enforce"

    @classmethod
    def read(cls, values: Mapping[str, str | None], environment: Mapping[str, str]) -> Settings:
        """Settings from options as they were typed (None: not given), then from environment
        variables, then the defaults. Raises ValueError that names the option at fault."""
        return cls(
            **{
                setting.name: setting.read(values.get(setting.name), environment)
                for setting in SETTINGS
            }
        )


@dataclass(frozen=True, slots=True)
class Setting:
    """A row of the table: `--name`, or else the variable, or else the default."""

    name: str
    metavar: str
    variable: str
    default: str
    help: str
    parse: Callable[[str], Any]

    @property
    def option(self) -> str:
        """The command line's spelling."""
        return "--" + self.name.replace("_", "-")

    def read(self, typed: str | None, environment: Mapping[str, str]) -> Any:
        """The parsed value. Raises ValueError that names where the bad text came from."""
        text, origin = typed, self.option
        if text is None:
            text, origin = environment.get(self.variable) or None, self.variable
        if text is None:
            text = self.default
        try:
            return self.parse(text)
        except ValueError as error:
            raise ValueError(f"{origin} {error}, not {text!r}") from None


def _state(text: str) -> Path:
    if not text:
        raise ValueError("must name a folder")
    return Path(text).expanduser().absolute()


def _port(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) > 65535:
        raise ValueError("must be a port from 0 to 65535")
    return int(text)


def _time_scale(text: str) -> float:
    try:
        scale = float(text)
    except ValueError:
        scale = 0.0
    if not 0 < scale <= 100_000:  # also refuses NaN
        raise ValueError("must be a number above 0 and at most 100000")
    return scale


def _launch_delay(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds <= 86_400:  # also refuses NaN
        raise ValueError("must be a number of seconds from 0 to 86400")
    return seconds


def _region(text: str) -> str:
    if not _REGION.fullmatch(text):
        raise ValueError("must be the name of an AWS region such as us-east-1")
    return text


def _job_network(text: str) -> str:
    if text not in ("isolated", "host"):
        raise ValueError("must be isolated or host")
    return text


def _iam(text: str) -> str:
    if text not in ("enforce", "observe", "off"):
        raise ValueError("must be enforce, observe or off")
    return text


SETTINGS: tuple[Setting, ...] = (
    Setting(
        "state",
        "DIR",
        "KENNEL_STATE",
        "~/.kennel",
        "folder that holds everything the plane knows",
        _state,
    ),
    Setting(
        "port",
        "PORT",
        "KENNEL_PORT",
        "4566",
        "port on 127.0.0.1; 0 takes any free one",
        _port,
    ),
    Setting(
        "time_scale",
        "X",
        "KENNEL_TIME_SCALE",
        "1",
        "seconds of policy time (alarms, cooldowns, metric periods) in a second",
        _time_scale,
    ),
    Setting(
        "region",
        "REGION",
        "KENNEL_REGION",
        "us-east-1",
        "the AWS region the plane plays",
        _region,
    ),
    Setting(
        "job_network",
        "NETWORK",
        "KENNEL_JOB_NETWORK",
        "isolated",
        "isolated: a training job has a network of its own, which leads to the plane alone; host: "
        "this machine's, for jobs that need what listens on localhost",
        _job_network,
    ),
    Setting(
        "launch_delay",
        "SECONDS",
        "KENNEL_LAUNCH_DELAY",
        "0",
        "seconds of policy time until an endpoint's instance that is launched takes requests; "
        "AWS's take minutes",
        _launch_delay,
    ),
    Setting(
        "iam",
        "MODE",
        "KENNEL_IAM",
        "enforce",
        "enforce: policies decide; observe: what they would deny is recorded and done; off: nobody "
        "asks them",
        _iam,
    ),
)
