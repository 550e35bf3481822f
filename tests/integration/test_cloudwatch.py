"""CloudWatch with boto3 as people use it."""

from __future__ import annotations

import gzip
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from urllib.request import Request, urlopen
from xml.etree import ElementTree

import boto3
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.exceptions import ClientError

from tests.conftest import ClientFactory, PlaneFactory
from tests.planes import Plane

DIMENSIONS = [
    {"Name": "EndpointName", "Value": "dogs"},
    {"Name": "VariantName", "Value": "AllTraffic"},
]


@pytest.fixture
def cloudwatch(client: ClientFactory) -> Any:
    return client("cloudwatch")


@pytest.fixture
def minute() -> datetime:
    return datetime.now(UTC).replace(second=0, microsecond=0) - timedelta(minutes=10)


def test_what_is_put_is_read_by_the_minute(cloudwatch: Any, minute: datetime) -> None:
    cloudwatch.put_metric_data(
        Namespace="Test/Minutes",
        MetricData=[
            {
                "MetricName": "ModelLatency",
                "Dimensions": DIMENSIONS,
                "Timestamp": minute + timedelta(seconds=second),
                "Value": float(second),
                "Unit": "Microseconds",
            }
            for second in range(90)
        ],
    )
    reply = cloudwatch.get_metric_statistics(
        Namespace="Test/Minutes",
        MetricName="ModelLatency",
        Dimensions=list(reversed(DIMENSIONS)),
        StartTime=minute,
        EndTime=minute + timedelta(minutes=5),
        Period=60,
        Statistics=["SampleCount", "Sum", "Average", "Minimum", "Maximum"],
    )
    assert reply["Label"] == "ModelLatency"
    assert reply["Datapoints"] == [
        {
            "Timestamp": minute,
            "SampleCount": 60.0,
            "Average": 29.5,
            "Sum": 1770.0,
            "Minimum": 0.0,
            "Maximum": 59.0,
            "Unit": "Microseconds",
        },
        {
            "Timestamp": minute + timedelta(minutes=1),
            "SampleCount": 30.0,
            "Average": 74.5,
            "Sum": 2235.0,
            "Minimum": 60.0,
            "Maximum": 89.0,
            "Unit": "Microseconds",
        },
    ]


def test_percentiles_come_back(cloudwatch: Any, minute: datetime) -> None:
    cloudwatch.put_metric_data(
        Namespace="Test/Percentiles",
        MetricData=[
            {
                "MetricName": "m",
                "Timestamp": minute,
                "Values": [float(value) for value in range(1, 101)],
                "Counts": [1.0] * 100,
            }
        ],
    )
    reply = cloudwatch.get_metric_statistics(
        Namespace="Test/Percentiles",
        MetricName="m",
        StartTime=minute,
        EndTime=minute + timedelta(minutes=1),
        Period=60,
        ExtendedStatistics=["p50", "p99"],
    )
    assert reply["Datapoints"][0]["ExtendedStatistics"] == {"p50": 50.0, "p99": 99.0}


def test_metric_data_and_math_come_page_by_page(cloudwatch: Any, minute: datetime) -> None:
    for name, factor in {"errors": 1, "calls": 10}.items():
        cloudwatch.put_metric_data(
            Namespace="Test/Math",
            MetricData=[
                {
                    "MetricName": name,
                    "Timestamp": minute + timedelta(minutes=number),
                    "Value": factor * (number + 1.0),
                }
                for number in range(4)
            ],
        )
    queries: list[dict[str, Any]] = [
        {
            "Id": name[0],
            "MetricStat": {
                "Metric": {"Namespace": "Test/Math", "MetricName": name},
                "Period": 60,
                "Stat": "Sum",
            },
        }
        for name in ("errors", "calls")
    ]
    queries.append({"Id": "rate", "Expression": "100 * e / c", "Label": "Error rate"})
    found: dict[str, list[float]] = {}
    for page in cloudwatch.get_paginator("get_metric_data").paginate(
        MetricDataQueries=queries,
        StartTime=minute,
        EndTime=minute + timedelta(minutes=10),
        ScanBy="TimestampAscending",
        PaginationConfig={"PageSize": 3},
    ):
        for result in page["MetricDataResults"]:
            found.setdefault(result["Label"], []).extend(result["Values"])
    assert found == {
        "errors": [1, 2, 3, 4],
        "calls": [10, 20, 30, 40],
        "Error rate": [10, 10, 10, 10],
    }


def test_metrics_are_listed_page_by_page(cloudwatch: Any) -> None:
    names = [f"metric-{number:04d}" for number in range(900)]
    cloudwatch.put_metric_data(
        Namespace="Test/List",
        MetricData=[{"MetricName": name, "Value": 1.0, "Dimensions": DIMENSIONS} for name in names],
    )
    pages = cloudwatch.get_paginator("list_metrics").paginate(
        Namespace="Test/List", Dimensions=[{"Name": "EndpointName", "Value": "dogs"}]
    )
    metrics = [metric for page in pages for metric in page["Metrics"]]
    assert [metric["MetricName"] for metric in metrics] == names
    assert metrics[0] == {
        "Namespace": "Test/List",
        "MetricName": "metric-0000",
        "Dimensions": DIMENSIONS,
    }


def test_errors_have_the_codes_that_clients_compare_with(cloudwatch: Any, minute: datetime) -> None:
    with pytest.raises(ClientError) as caught:
        cloudwatch.put_metric_data(
            Namespace="Test/Errors", MetricData=[{"MetricName": "m", "Value": float("nan")}]
        )
    assert caught.value.response["Error"]["Code"] == "InvalidParameterValue"
    with pytest.raises(ClientError) as caught:
        cloudwatch.get_metric_statistics(
            Namespace="Test/Errors",
            MetricName="m",
            StartTime=minute,
            EndTime=minute + timedelta(days=10),
            Period=60,
            Statistics=["Sum"],
        )
    assert caught.value.response["Error"]["Code"] == "InvalidParameterCombination"
    with pytest.raises(cloudwatch.exceptions.InvalidParameterValueException):
        cloudwatch.list_metrics(NextToken="forged")


def test_composite_alarms_say_that_they_are_not_done(cloudwatch: Any) -> None:
    with pytest.raises(ClientError, match="does not run the operation PutCompositeAlarm"):
        cloudwatch.put_composite_alarm(AlarmName="both", AlarmRule="ALARM(a) AND ALARM(b)")


def query(plane: Plane, fields: dict[str, str], *, packed: bool = False) -> ElementTree.Element:
    """A call by the query protocol, as clients before 2025 made it."""
    body = urlencode({"Version": "2010-08-01", **fields}).encode()
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    if packed:
        body = gzip.compress(body)
        headers["Content-Encoding"] = "gzip"
    request = AWSRequest("POST", plane.url + "/", data=body, headers=headers)
    connection = plane.connection
    session = boto3.Session(connection.access_key_id, connection.secret_access_key)
    SigV4Auth(session.get_credentials(), "monitoring", connection.region).add_auth(request)
    prepared = request.prepare()
    with urlopen(Request(prepared.url, body, dict(prepared.headers))) as reply:
        return ElementTree.fromstring(reply.read())


@pytest.mark.parametrize("packed", [False, True])
def test_the_query_protocol_reads_and_writes_the_same_data(
    plane: Plane, cloudwatch: Any, minute: datetime, packed: bool
) -> None:
    name = f"packed-{packed}"
    query(
        plane,
        {
            "Action": "PutMetricData",
            "Namespace": "Test/Query",
            "MetricData.member.1.MetricName": name,
            "MetricData.member.1.Value": "5",
            "MetricData.member.1.Timestamp": minute.isoformat(),
        },
        packed=packed,
    )
    document = query(
        plane,
        {
            "Action": "GetMetricStatistics",
            "Namespace": "Test/Query",
            "MetricName": name,
            "StartTime": minute.isoformat(),
            "EndTime": (minute + timedelta(minutes=1)).isoformat(),
            "Period": "60",
            "Statistics.member.1": "Sum",
        },
    )
    space = {"m": "http://monitoring.amazonaws.com/doc/2010-08-01/"}
    assert [element.text for element in document.iterfind(".//m:Sum", space)] == ["5.0"]
    (metric,) = cloudwatch.list_metrics(Namespace="Test/Query", MetricName=name)["Metrics"]
    assert metric["Dimensions"] == []


def test_acknowledged_data_outlive_a_kill(plane_factory: PlaneFactory, minute: datetime) -> None:
    plane = plane_factory()
    cloudwatch = plane.client("cloudwatch")
    for _ in range(10):
        cloudwatch.put_metric_data(
            Namespace="N", MetricData=[{"MetricName": "m", "Value": 1.0, "Timestamp": minute}]
        )
    plane.kill()
    plane.start()
    reply = cloudwatch.get_metric_statistics(
        Namespace="N",
        MetricName="m",
        StartTime=minute,
        EndTime=minute + timedelta(minutes=1),
        Period=60,
        Statistics=["Sum"],
    )
    assert [point["Sum"] for point in reply["Datapoints"]] == [10.0]
