"""AWS's prices in us-east-1, from tables with a date: what is known, how surely, from where."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib import resources

from kennel.planner.errors import NoPrice

__all__ = [
    "Architecture",
    "Confidence",
    "InstancePrice",
    "InstanceUse",
    "LambdaPrices",
    "instance_price",
    "instance_types_priced",
    "lambda_prices",
]

_REGION = "us-east-1"
_AS_OF = "2026-07-20"
_SOURCE = "public lists of SageMaker's prices, compared with EC2's of that day"
_ESTIMATED = "EC2's price of that day × 1.20 (with a GPU × 1.25), SageMaker's usual premium"


class InstanceUse(StrEnum):
    """What an instance is paid for; the table's columns."""

    TRAINING = "training_usd_h"
    HOSTING = "hosting_usd_h"
    NOTEBOOK = "notebook_usd_h"


class Confidence(StrEnum):
    """HIGH: several sources agree. MEDIUM: one source. ESTIMATE: computed, not found. GIVEN: the
    caller's own figure."""

    HIGH = "high"
    MEDIUM = "medium"
    ESTIMATE = "estimate"
    GIVEN = "given"


class Architecture(StrEnum):
    """botocore's Architecture of a function."""

    X86 = "x86_64"
    ARM = "arm64"


@dataclass(frozen=True, slots=True)
class InstancePrice:
    """What an instance costs an hour, in US dollars, while it runs."""

    instance_type: str
    usd_per_hour: float
    confidence: Confidence
    region: str = _REGION
    as_of: str = _AS_OF

    @property
    def source(self) -> str:
        """Where the figure is from, in words."""
        match self.confidence:
            case Confidence.GIVEN:
                return "given by you"
            case Confidence.ESTIMATE:
                return f"estimate: {_ESTIMATED}"
            case _:
                return _SOURCE

    @property
    def text(self) -> str:
        """`$0.23/h (us-east-1, 2026-07-20)`, with a word if it is less than sure."""
        if self.confidence is Confidence.GIVEN:
            return f"${self.usd_per_hour:g}/h (given)"
        doubt = "" if self.confidence is Confidence.HIGH else f", {_DOUBTS[self.confidence]}"
        return f"${self.usd_per_hour:g}/h ({self.region}, {self.as_of}{doubt})"


_DOUBTS = {Confidence.MEDIUM: "one source", Confidence.ESTIMATE: "an estimate"}


@dataclass(frozen=True, slots=True)
class LambdaPrices:
    """What a function costs on one architecture, in US dollars; GB are 1,024 MB."""

    request: float
    duration_gb_s: float
    provisioned_gb_s: float
    provisioned_duration_gb_s: float
    provisioned_granularity_s: int
    duration_granularity_ms: int
    free_requests_month: int
    free_gb_s_month: int
    architecture: Architecture
    region: str
    as_of: str
    source: str

    @property
    def text(self) -> str:
        return f"Lambda, {self.architecture} ({self.region}, {self.as_of})"


def instance_price(name: str, use: InstanceUse = InstanceUse.HOSTING) -> InstancePrice:
    """The price of `ml.m5.xlarge` and its like. Raises NoPrice if none is known for that use."""
    found = _instances().get(name, {}).get(use)
    if found is None:
        word = use.name.lower()
        raise NoPrice(f"No price of {name} for {word} is known; say what an hour costs")
    return found


def instance_types_priced(use: InstanceUse = InstanceUse.HOSTING) -> list[str]:
    """The types that have a price for that use."""
    return [name for name, prices in _instances().items() if use in prices]


@cache
def lambda_prices(architecture: Architecture = Architecture.X86) -> LambdaPrices:
    """The first tier's prices: what a month below six billion GB-seconds costs."""
    table = json.loads(_read("lambda_us_east_1.json"))
    kind = "arm" if architecture is Architecture.ARM else "x86"
    return LambdaPrices(
        request=table["request_usd"],
        duration_gb_s=table[f"duration_{kind}_usd_gb_s"],
        provisioned_gb_s=table[f"provisioned_{kind}_usd_gb_s"],
        provisioned_duration_gb_s=table[f"provisioned_duration_{kind}_usd_gb_s"],
        provisioned_granularity_s=table["provisioned_granularity_s"],
        duration_granularity_ms=table["duration_granularity_ms"],
        free_requests_month=table["free_requests_month"],
        free_gb_s_month=table["free_gb_s_month"],
        architecture=architecture,
        region=table["region"],
        as_of=table["as_of"],
        source=table["source"],
    )


@cache
def _instances() -> Mapping[str, Mapping[InstanceUse, InstancePrice]]:
    return {
        row["instance_type"]: {
            use: InstancePrice(row["instance_type"], float(row[use]), Confidence(row["confidence"]))
            for use in InstanceUse
            if row[use]
        }
        for row in csv.DictReader(_read("sagemaker_us_east_1.csv").splitlines())
    }


def _read(name: str) -> str:
    return resources.files("kennel.planner.data").joinpath(name).read_text()
