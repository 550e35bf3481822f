"""Writes src/kennel/services/sagemaker/instance_types.csv.

Which types SageMaker has, and for what, is from botocore's model of SageMaker; what a type has is
what the EC2 type of the same name has, from the catalog of DescribeInstanceTypes that moto ships.
The few that EC2 no longer lists are written out below, from AWS's pages on those families.
"""

from __future__ import annotations

import csv
import gzip
import json
from pathlib import Path
from typing import Any

import botocore.session
import moto

TARGET = Path("src/kennel/services/sagemaker/instance_types.csv")

# Letters of the column `uses`, by the enum of botocore's model that lists the types.
USES = {
    "TrainingInstanceType": "T",
    "ProductionVariantInstanceType": "H",
    "ProcessingInstanceType": "P",
    "TransformInstanceType": "B",
    "InstanceType": "N",
}

# vCPUs, MiB, GPUs, GPU, GB of instance storage, from
# https://docs.aws.amazon.com/ec2/latest/instancetypes/ac.html (and pg.html)
RETIRED: dict[str, tuple[int, int, int, str, int]] = {
    "ml.dl1.24xlarge": (96, 786432, 0, "", 4000),
    "ml.p2.xlarge": (4, 62464, 1, "K80", 0),
    "ml.p2.8xlarge": (32, 499712, 8, "K80", 0),
    "ml.p2.16xlarge": (64, 749568, 16, "K80", 0),
    "ml.p3.2xlarge": (8, 62464, 1, "V100", 0),
    "ml.p3.8xlarge": (32, 249856, 4, "V100", 0),
    "ml.p3.16xlarge": (64, 499712, 8, "V100", 0),
    "ml.p6e-gb200.36xlarge": (144, 983040, 4, "B200", 22500),
}


def main() -> None:
    model = botocore.session.get_session().get_service_model("sagemaker")
    uses: dict[str, str] = {}
    for shape, letter in USES.items():
        for name in model.shape_for(shape).metadata["enum"]:
            if name.startswith("ml."):
                uses[name] = uses.get(name, "") + letter
    source = Path(moto.__file__).parent / "ec2/resources/instance_types.json.gz"
    with gzip.open(source) as file:
        catalog = json.load(file)
    with TARGET.open("w", newline="") as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(
            ["instance_type", "vcpus", "memory_mib", "gpus", "gpu", "storage_gb", "uses"]
        )
        for name in sorted(uses, key=_order):
            row = RETIRED.get(name) or _row(catalog[name.removeprefix("ml.")])
            writer.writerow([name, *row, uses[name]])


def _row(entry: dict[str, Any]) -> tuple[int, int, int, str, int]:
    gpus = entry.get("GpuInfo", {}).get("Gpus", [])
    return (
        entry["VCpuInfo"]["DefaultVCpus"],
        entry["MemoryInfo"]["SizeInMiB"],
        sum(gpu["Count"] for gpu in gpus),
        gpus[0]["Name"] if gpus else "",
        entry.get("InstanceStorageInfo", {}).get("TotalSizeInGB", 0),
    )


def _order(name: str) -> tuple[str, int, str]:
    _, family, size = name.split(".")
    digits = "".join(filter(str.isdigit, size))
    return family, int(digits or 1), size


main()
