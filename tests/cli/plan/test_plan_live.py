"""What is read of live endpoints and functions, and what is said of them."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from kennel.cli.errors import CommandError, UsageError
from kennel.cli.load.target import Kind, Target
from kennel.cli.main import main
from kennel.cli.plan import explain, inputs
from kennel.cli.plan.live import latency_of, read_endpoint, read_function, traffic_of
from kennel.cli.plan.load_report import maximum_of_report
from kennel.planner.simulation import Metric
from kennel.scaling import Bounds
from tests.cli.plan.services import ANY, ScriptedService

NOW = datetime(2026, 3, 1, tzinfo=UTC)
DOGS = Target(Kind.ENDPOINT, "dogs", "AllTraffic")


def endpoint(*variants: str):
    return (
        "describe_endpoint",
        {
            "EndpointName": "dogs",
            "EndpointArn": "arn:aws:sagemaker:us-east-1:123456789012:endpoint/dogs",
            "EndpointConfigName": "dogs-1",
            "EndpointStatus": "InService" if variants else "Creating",
            "CreationTime": NOW,
            "LastModifiedTime": NOW,
        }
        | (
            {
                "ProductionVariants": [
                    {"VariantName": name, "CurrentInstanceCount": 2} for name in variants
                ]
            }
            if variants
            else {}
        ),
    )


CONFIG = (
    "describe_endpoint_config",
    {
        "EndpointConfigName": "dogs-1",
        "EndpointConfigArn": "arn:aws:sagemaker:us-east-1:123456789012:endpoint-config/dogs-1",
        "CreationTime": NOW,
        "ProductionVariants": [
            {
                "VariantName": "AllTraffic",
                "ModelName": "dogs",
                "InitialInstanceCount": 1,
                "InstanceType": "ml.m5.large",
            }
        ],
    },
)
RESOURCE = "endpoint/dogs/variant/AllTraffic"
OF = {
    "ServiceNamespace": "sagemaker",
    "ResourceId": RESOURCE,
    "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
}
TARGETS = (
    "describe_scalable_targets",
    {
        "ScalableTargets": [
            {**OF, "MinCapacity": 1, "MaxCapacity": 3, "RoleARN": "arn:r", "CreationTime": NOW}
        ]
    },
    {"ServiceNamespace": "sagemaker", "ResourceIds": [RESOURCE]},
)
NO_TARGETS: tuple[Any, ...] = ("describe_scalable_targets", {"ScalableTargets": []})
POLICIES = (
    "describe_scaling_policies",
    {
        "ScalingPolicies": [
            {
                **OF,
                "PolicyARN": "arn:p",
                "PolicyName": "Invocations",
                "PolicyType": "TargetTrackingScaling",
                "CreationTime": NOW,
                "TargetTrackingScalingPolicyConfiguration": {
                    "TargetValue": 10.0,
                    "PredefinedMetricSpecification": {
                        "PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"
                    },
                    "ScaleInCooldown": 30,
                    "ScaleOutCooldown": 30,
                },
                "Alarms": [{"AlarmName": "high", "AlarmARN": "arn:a"}],
            }
        ]
    },
)
ACTIONS: tuple[Any, ...] = ("describe_scheduled_actions", {"ScheduledActions": []})
ALARMS = (
    "describe_alarms",
    {"MetricAlarms": [{"AlarmName": "high", "Statistic": "Sum", "Period": 60}]},
)
SCALED = {
    "sagemaker": [endpoint("AllTraffic"), CONFIG],
    "application-autoscaling": [TARGETS, POLICIES, ACTIONS],
    "cloudwatch": [ALARMS],
}


def statistics(*points):
    return "get_metric_statistics", {"Label": "x", "Datapoints": list(points)}


def test_an_endpoints_capacity_and_policies_are_read():
    service = ScriptedService(SCALED)
    live = read_endpoint(service, "dogs")
    assert (live.instance_type, live.instances, live.variant) == ("ml.m5.large", 2, "AllTraffic")
    assert live.scaling is not None
    assert live.scaling.scaling.bounds == Bounds(1, 3)
    assert live.scaling.scaling.policies[0].metric is Metric.INVOCATIONS_PER_INSTANCE
    service.assert_all_asked()


def test_of_several_variants_one_has_to_be_named():
    with pytest.raises(UsageError, match="endpoint/dogs/variant/A"):
        read_endpoint(ScriptedService({"sagemaker": [endpoint("B", "A")]}), "dogs")
    with pytest.raises(UsageError, match="has no variant C; it has A, B"):
        read_endpoint(ScriptedService({"sagemaker": [endpoint("B", "A")]}), "dogs", "C")
    with pytest.raises(CommandError, match="no variant runs"):
        read_endpoint(ScriptedService({"sagemaker": [endpoint()]}), "dogs")


def test_a_functions_concurrency_is_read():
    service = ScriptedService(
        {
            "lambda": [
                ("get_function_configuration", {"MemorySize": 512, "Architectures": ["arm64"]}),
                ("get_function_concurrency", {"ReservedConcurrentExecutions": 3}),
                (
                    "get_provisioned_concurrency_config",
                    {"RequestedProvisionedConcurrentExecutions": 2},
                ),
            ],
            "application-autoscaling": [NO_TARGETS],
        }
    )
    live = read_function(service, "ask", "live")
    assert (live.memory_mb, live.architecture) == (512, "arm64")
    assert (live.reserved, live.provisioned, live.scaling) == (3, 2, None)
    assert live.resource == "function:ask:live"


def test_a_function_without_provisioned_concurrency_has_none():
    service = ScriptedService(
        {
            "lambda": [
                ("get_function_configuration", {"MemorySize": 512}),
                ("get_function_concurrency", {}),
                (
                    "get_provisioned_concurrency_config",
                    "ProvisionedConcurrencyConfigNotFoundException",
                ),
            ],
            "application-autoscaling": [NO_TARGETS],
        }
    )
    live = read_function(service, "ask", "live")
    assert (live.reserved, live.provisioned) == (None, 0)


def test_the_traffic_that_an_endpoint_had_is_read():
    points = [
        {"Timestamp": NOW + timedelta(minutes=2), "Sum": 60.0},
        {"Timestamp": NOW, "Sum": 120.0},
    ]
    service = ScriptedService({"cloudwatch": [statistics(*points)]})
    traffic = traffic_of(service, DOGS, 3600)
    assert [traffic.rate(at) for at in (0, 60, 120)] == [2, 0, 1]


def test_an_endpoint_that_nobody_asked_has_no_traffic():
    service = ScriptedService({"cloudwatch": [statistics()]})
    with pytest.raises(CommandError, match="--since"):
        traffic_of(service, DOGS, 3600)


def test_latencies_are_seconds_whatever_cloudwatch_has():
    shares = {"Timestamp": NOW, "ExtendedStatistics": {"p50": 40.0, "p99": 90.0}}
    means = {"Timestamp": NOW, "Average": 50.0, "SampleCount": 7.0}
    service = ScriptedService({"cloudwatch": [statistics(shares), statistics(means)]})
    found = latency_of(service, Target(Kind.FUNCTION, "ask"), 3600)
    assert found == pytest.approx((0.05, 0.04, 0.09))


def test_a_datapoint_of_seconds_counts_by_its_calls():
    day = timedelta(days=1)
    shares = [
        {"Timestamp": NOW - day, "ExtendedStatistics": {"p50": 40.0, "p99": 90.0}},
        {"Timestamp": NOW, "ExtendedStatistics": {"p50": 400.0, "p99": 400.0}},
    ]
    means = [
        {"Timestamp": NOW - day, "Average": 50.0, "SampleCount": 999.0},
        {"Timestamp": NOW, "Average": 400.0, "SampleCount": 1.0},
    ]
    service = ScriptedService({"cloudwatch": [statistics(*shares), statistics(*means)]})
    found = latency_of(service, Target(Kind.FUNCTION, "ask"), 86400)
    assert found == pytest.approx((0.05035, 0.04036, 0.09031))


def test_a_day_of_traffic_is_asked_by_the_minute():
    asked = {
        "Namespace": "AWS/Lambda",
        "MetricName": "Invocations",
        "Dimensions": [{"Name": "FunctionName", "Value": "ask"}],
        "StartTime": ANY,
        "EndTime": ANY,
        "Period": 60,
        "Statistics": ["Sum"],
    }
    points = ({"Timestamp": NOW + timedelta(minutes=n), "Sum": 60.0} for n in range(1440))
    service = ScriptedService({"cloudwatch": [(*statistics(*points), asked)]})
    found = traffic_of(service, Target(Kind.FUNCTION, "ask"), 86400)
    assert found.duration == pytest.approx(86400)
    assert found.expected == pytest.approx(86400)


def run_explain(monkeypatch, script, *arguments):
    monkeypatch.setattr(explain, "service_of", lambda arguments: ScriptedService(script))
    return main(["plan", "explain", *arguments])


def test_a_live_policy_is_explained(monkeypatch, capsys):
    assert run_explain(monkeypatch, SCALED, RESOURCE, "--max-rps", "20") == 0
    out = capsys.readouterr().out
    assert "It has 1 to 3 instances, now 2, of ml.m5.large." in out
    assert "A target of 10 is ten invocations a minute per instance: 0.17 a second." in out
    assert "target = maximum × safety × 60 = 20 × 0.5 × 60 = 600 a minute." in out


def load_report(*stretches: tuple[int, int, float], model: float | None = None) -> str:
    """Of three instances; `stretches` are due, answered and p50 of 10 s each."""
    timeline = [
        {
            "at": 10.0 * index,
            "seconds": 10.0,
            "due": due,
            "answered": answered,
            "throttled": 0,
            "failed": 0,
            "p50": p50,
            "p99": 2 * p50,
        }
        for index, (due, answered, p50) in enumerate(stretches)
    ]
    return json.dumps(
        {
            "capacity": {"changes": [{"at": 0.1, "number": 3}]},
            "time_in_model": None if model is None else {"mean": model, "p50": model},
            "timeline": timeline,
        }
    )


def test_a_load_test_tells_what_an_instance_does(monkeypatch, capsys, tmp_path):
    report = tmp_path / "report.json"
    report.write_text(load_report((100, 100, 0.05), (900, 600, 2.0), (900, 600, 7.0), (0, 600, 1)))
    assert run_explain(monkeypatch, SCALED, RESOURCE, "--report", str(report), "--json") == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["maximum_per_second"] == 20
    assert facts["advised_target"] == 600
    report.write_text("{}")
    assert run_explain(monkeypatch, SCALED, RESOURCE, "--report", str(report)) == 2
    assert "is no report.json" in capsys.readouterr().err


def test_a_load_that_was_followed_tells_only_a_lower_bound(monkeypatch, capsys, tmp_path):
    report = tmp_path / "report.json"
    report.write_text(load_report((100, 100, 0.05), (300, 297, 0.06), (100, 103, 0.05), model=0.05))
    assert run_explain(monkeypatch, SCALED, RESOURCE, "--report", str(report), "--json") == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["maximum_per_second_at_least"] == pytest.approx(9.9)
    assert not {"maximum_per_second", "advised_target"} & set(facts)
    assert "what it does at most is not known" in facts["text"].replace("\n  ", " ")
    assert "can't follow" not in facts["text"]
    assert "at most 1.7 % of what an instance does" in facts["warnings"][0]


def test_clients_that_wait_overload_an_instance_too(tmp_path):
    report = tmp_path / "report.json"
    report.write_text(load_report((570, 540, 0.5), (555, 555, 0.5), model=0.05))
    found = maximum_of_report(report)
    assert found.per_second == pytest.approx(18.25)
    assert not found.is_lower_bound


def test_a_change_of_capacity_that_is_seen_late_flatters_no_instance(tmp_path):
    report = json.loads(load_report((300, 300, 0.05), (900, 900, 0.05), (900, 900, 0.05)))
    report["capacity"]["changes"] = [{"at": 0.1, "number": 1}, {"at": 20.5, "number": 3}]
    path = tmp_path / "report.json"
    path.write_text(json.dumps(report))
    assert maximum_of_report(path).per_second == 30


def test_what_is_not_there_is_told_as_by_a_load(monkeypatch, capsys):
    missing: dict[str, Any] = {"sagemaker": [("describe_endpoint", "ValidationException")]}
    assert run_explain(monkeypatch, missing, RESOURCE) == 2
    assert "There is no endpoint dogs at a script." in capsys.readouterr().err
    gone = {"lambda": [("get_function_configuration", "ResourceNotFoundException")]}
    assert run_explain(monkeypatch, gone, "function:ask:live") == 2
    assert "There is no function ask:live at a script." in capsys.readouterr().err


def test_a_function_needs_its_alias(monkeypatch, capsys):
    assert run_explain(monkeypatch, {}, "function:ask") == 2
    assert "function:ask:ALIAS" in capsys.readouterr().err


def test_a_live_endpoint_is_simulated_with_what_cloudwatch_knows(monkeypatch, capsys):
    shares = {"Timestamp": NOW, "ExtendedStatistics": {"p50": 40_000.0, "p99": 90_000.0}}
    means = {"Timestamp": NOW, "Average": 45_000.0, "SampleCount": 9.0}
    service = ScriptedService(
        {
            **SCALED,
            "cloudwatch": [statistics(shares), statistics(means), ALARMS],
        }
    )
    monkeypatch.setattr(inputs, "service_of", lambda arguments: service)
    code = main(
        [
            "plan",
            "simulate",
            "--endpoint",
            "dogs/AllTraffic",
            "--traffic",
            "5/s:30m",
            "--target",
            "600",
        ]
    )
    captured = capsys.readouterr()
    assert code == 0, captured.err
    assert "1..3 ml.m5.large, target 600/min" in captured.out
    assert "p50 40 ms, p99 90 ms, taken for lognormal" in captured.out
