from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from kennel.errors import AwsError, NotImplementedByKennel
from kennel.services.cloudwatch.errors import (
    InvalidFormatFault,
    InvalidParameterCombinationException,
    InvalidParameterValueException,
    MissingRequiredParameterException,
    ResourceNotFound,
    ResourceNotFoundException,
    ValidationException,
)
from tests.services.cloudwatch.alarms.actor import POLICY, TOPIC
from tests.services.cloudwatch.alarms.conftest import Alarms

ARN = "arn:aws:cloudwatch:us-east-1:123456789012:alarm:a"
NO_METRIC: dict[str, Any] = dict.fromkeys(("MetricName", "Namespace", "Statistic", "Period"))


def stat(name: str = "m1", period: int = 60, **more: Any) -> dict[str, Any]:
    metric = {"Namespace": "N", "MetricName": name}
    stat = {"Metric": metric, "Period": period, "Stat": "Sum"}
    return {"Id": name, "MetricStat": stat, "ReturnData": False, **more}


def expression(text: str, **more: Any) -> dict[str, Any]:
    return {"Id": "e", "Expression": text, "ReturnData": True, **more}


@pytest.mark.parametrize(
    ("values", "error", "message"),
    [
        ({"Period": 45}, ValidationException, "Period must be 10, 20, 30 or a multiple of 60"),
        ({"Period": 5}, ValidationException, "Period must be"),
        ({"Period": 90}, ValidationException, "Period must be"),
        ({"DatapointsToAlarm": 4}, ValidationException, "DatapointsToAlarm must be less than or"),
        ({"EvaluationPeriods": 1441}, ValidationException, r"more than a day .* <= 86400\)"),
        (
            {"Period": 3600, "EvaluationPeriods": 169},
            ValidationException,
            r"seven days .* <= 604800\)",
        ),
        ({"Statistic": None}, InvalidParameterCombinationException, "Exactly one of"),
        ({"ExtendedStatistic": "p9"}, InvalidParameterCombinationException, "Exactly one of"),
        ({"Statistic": "Median"}, InvalidParameterValueException, "Median"),
        (
            {"Statistic": None, "ExtendedStatistic": "q90"},
            InvalidParameterValueException,
            "q90",
        ),
        ({"Statistic": None, "ExtendedStatistic": "tm90"}, NotImplementedByKennel, "tm90"),
        ({"Threshold": None}, MissingRequiredParameterException, "Threshold"),
        ({"MetricName": None}, ValidationException, "MetricName must not be null"),
        ({"Namespace": None}, ValidationException, "Namespace must not be null"),
        ({"Period": None}, ValidationException, "Period must not be null"),
        ({"TreatMissingData": "nothing"}, ValidationException, "TreatMissingData"),
        ({"EvaluateLowSampleCountPercentile": "no"}, ValidationException, "Evaluate"),
        ({"ComparisonOperator": "GreaterThanUpperThreshold"}, NotImplementedByKennel, "anomaly"),
        ({"ThresholdMetricId": "ad1"}, NotImplementedByKennel, "ThresholdMetricId"),
        ({"AlarmActions": ["topic"]}, ValidationException, "Invalid arn syntax: topic"),
        (
            {"OKActions": ["arn:aws:s3:::bucket"]},
            ValidationException,
            "Invalid arn syntax: arn:aws:s3",
        ),
        (
            {"AlarmActions": [TOPIC.replace("us-east-1", "eu-west-1")]},
            ValidationException,
            "Invalid region eu-west-1 specified. Only us-east-1 is supported.",
        ),
        ({"Metrics": [stat(ReturnData=True)]}, ValidationException, "MetricName should not be set"),
        (
            NO_METRIC | {"Metrics": [stat(), stat("m2"), expression("m1 +")]},
            ValidationException,
            "Error in expression 'e'",
        ),
        (
            NO_METRIC | {"Metrics": [stat(), stat("m2")]},
            ValidationException,
            "must have ReturnData",
        ),
        (
            NO_METRIC | {"Metrics": [stat(ReturnData=True), expression("m1 * 2")]},
            ValidationException,
            "Exactly one element of the metrics list should return data.",
        ),
        (
            NO_METRIC | {"Metrics": [stat(), stat("m2", 300), expression("m1 + m2")]},
            ValidationException,
            "same Period",
        ),
        (
            NO_METRIC | {"Metrics": [stat(), expression("SEARCH('x', 'Sum')")]},
            ValidationException,
            "SEARCH is not supported on Metric Alarms.",
        ),
        (
            NO_METRIC | {"Metrics": [stat(), stat("m2"), expression("METRICS()")]},
            ValidationException,
            "single time series",
        ),
        (NO_METRIC | {"Metrics": [stat(), expression("AVG(m1)")]}, ValidationException, "number"),
        (
            NO_METRIC | {"Metrics": [stat(), expression("ANOMALY_DETECTION_BAND(m1)")]},
            NotImplementedByKennel,
            "ANOMALY_DETECTION_BAND",
        ),
        (NO_METRIC | {"Metrics": [expression("1")]}, ValidationException, "at least one metric"),
        (
            NO_METRIC
            | {"Metrics": [*(stat(f"m{number}") for number in range(11)), expression("m1")]},
            ValidationException,
            "more than 10 metrics",
        ),
        (
            NO_METRIC | {"Metrics": [stat(AccountId="210987654321", ReturnData=True)]},
            NotImplementedByKennel,
            "AccountId",
        ),
        (
            {"Tags": [{"Key": f"k{number}", "Value": "v"} for number in range(51)]},
            InvalidParameterValueException,
            "50 tags",
        ),
    ],
)
def test_what_is_no_alarm_is_refused(
    alarms: Alarms, values: Mapping[str, Any], error: type[AwsError], message: str
) -> None:
    with pytest.raises(error, match=message):
        alarms.put(**values)
    assert alarms.stage.call("DescribeAlarms")["MetricAlarms"] == []


def test_a_name_has_no_control_characters(alarms: Alarms) -> None:
    with pytest.raises(InvalidParameterValueException, match="control characters"):
        alarms.put("a\nb")


@pytest.mark.parametrize(
    "arn",
    [
        POLICY,
        TOPIC,
        "arn:aws:autoscaling:us-east-1:123456789012:scalingPolicy:x:autoScalingGroupName/g:"
        "policyName/p",
        "arn:aws:automate:us-east-1:ec2:reboot",
        "arn:aws:swf:us-east-1:123456789012:action/actions/AWS_EC2.InstanceId.Stop/1.0",
        "arn:aws:lambda:us-east-1:123456789012:function:f",
        "arn:aws:lambda:us-east-1:123456789012:function:f:live",
        "arn:aws:ssm:us-east-1:123456789012:opsitem:1#CATEGORY=Availability",
        "arn:aws:ssm-incidents::123456789012:responseplan/p",
        "arn:aws:aiops:us-east-1:123456789012:investigation-group:g",
    ],
)
def test_every_action_of_awss_may_be_set(alarms: Alarms, arn: str) -> None:
    alarms.put(AlarmActions=[arn])
    assert alarms.shown()["AlarmActions"] == [arn]


def test_an_alarm_is_described_as_it_was_put(alarms: Alarms) -> None:
    values: dict[str, Any] = {
        "AlarmDescription": "what",
        "ActionsEnabled": False,
        "OKActions": [TOPIC],
        "AlarmActions": [POLICY],
        "InsufficientDataActions": [TOPIC],
        "Dimensions": [{"Name": "E", "Value": "e"}],
        "Unit": "Count",
        "DatapointsToAlarm": 2,
        "TreatMissingData": "ignore",
    }
    alarms.put(**values)
    shown = alarms.shown()
    assert {name: shown[name] for name in values} == values
    assert shown["AlarmArn"] == ARN
    assert "EvaluateLowSampleCountPercentile" not in shown
    queries = [stat(), expression("m1 * 2", Label="twice")]
    alarms.put("b", **NO_METRIC, Metrics=queries)
    assert alarms.shown("b")["Metrics"] == queries


def test_alarms_are_found_by_what_they_have(alarms: Alarms) -> None:
    alarms.put("one", AlarmActions=[POLICY])
    alarms.put("other", OKActions=[TOPIC], EvaluationPeriods=1)
    alarms.minute(11)

    def names(**parameters: Any) -> list[str]:
        reply = alarms.stage.call("DescribeAlarms", **parameters)
        assert reply["CompositeAlarms"] == []
        return [alarm["AlarmName"] for alarm in reply["MetricAlarms"]]

    assert names() == ["one", "other"]
    assert names(AlarmNamePrefix="ot") == ["other"]
    assert names(AlarmNames=["one", "nobody"]) == ["one"]
    assert names(StateValue="ALARM") == ["other"]
    assert names(ActionPrefix="arn:aws:sns:") == ["other"]
    assert names(ActionPrefix=POLICY) == ["one"]
    assert names(AlarmTypes=["MetricAlarm", "CompositeAlarm"]) == ["one", "other"]
    assert names(AlarmTypes=["CompositeAlarm"]) == []
    with pytest.raises(InvalidParameterCombinationException):
        names(AlarmNames=["one"], AlarmNamePrefix="o")
    with pytest.raises(InvalidParameterValueException, match="Nonsense"):
        names(AlarmTypes=["Nonsense"])
    with pytest.raises(InvalidParameterValueException, match="MaxRecords"):
        names(MaxRecords=101)


def test_alarms_are_found_by_their_metric(alarms: Alarms) -> None:
    dimensions = [{"Name": "E", "Value": "e"}, {"Name": "V", "Value": "v"}]
    alarms.put("plain")
    alarms.put("with", Dimensions=dimensions)
    alarms.put("slow", Period=300)
    alarms.put("p99", Statistic=None, ExtendedStatistic="p99")
    alarms.put("math", **NO_METRIC, Metrics=[stat("m", ReturnData=True)])

    def names(**parameters: Any) -> list[str]:
        parameters = {"MetricName": "m", "Namespace": "N", **parameters}
        reply = alarms.stage.call("DescribeAlarmsForMetric", **parameters)
        return [alarm["AlarmName"] for alarm in reply["MetricAlarms"]]

    assert names() == ["p99", "plain", "slow"]
    assert names(Dimensions=dimensions[::-1]) == ["with"]
    assert names(Dimensions=dimensions[:1]) == []
    assert names(Period=300) == ["slow"]
    assert names(Statistic="Sum") == ["plain", "slow"]
    assert names(ExtendedStatistic="p99") == ["p99"]
    assert names(Unit="Count") == []
    assert names(Namespace="M") == []


def test_a_history_is_read_by_kind_date_and_page(alarms: Alarms) -> None:
    alarms.put(EvaluationPeriods=1)
    began = alarms.now
    for value in (11, 1, 12):
        alarms.minute(value)
    kinds = [item["HistoryItemType"] for item in alarms.history()]
    assert kinds == ["ConfigurationUpdate", "StateUpdate", "StateUpdate", "StateUpdate"]
    assert len(alarms.history("StateUpdate")) == 3
    assert len(alarms.history(StartDate=began + 60, EndDate=began + 120)) == 2
    assert alarms.history(AlarmName="nobody") == []
    assert alarms.history(AlarmTypes=["CompositeAlarm"]) == []
    first = alarms.stage.call("DescribeAlarmHistory", MaxRecords=3)
    second = alarms.stage.call("DescribeAlarmHistory", NextToken=first["NextToken"])
    found = first["AlarmHistoryItems"] + second["AlarmHistoryItems"]
    assert found == alarms.history()[::-1]
    assert "NextToken" not in second


def test_old_history_is_forgotten(alarms: Alarms) -> None:
    from kennel.services.cloudwatch.aging import age

    alarms.put()
    alarms.clock.advance(30 * 86_400 + 1)
    alarms.put("b")
    age(alarms.stage.cloudwatch._database, alarms.now)
    assert [item["AlarmName"] for item in alarms.history()] == ["b"]


def test_alarms_have_tags(alarms: Alarms) -> None:
    def tags() -> dict[str, str]:
        reply = alarms.stage.call("ListTagsForResource", ResourceARN=ARN)
        return {tag["Key"]: tag["Value"] for tag in reply["Tags"]}

    alarms.put(Tags=[{"Key": "a", "Value": "1"}])
    alarms.put(Tags=[{"Key": "ignored", "Value": "by an update"}])
    assert tags() == {"a": "1"}
    alarms.stage.call(
        "TagResource",
        ResourceARN=ARN,
        Tags=[{"Key": "a", "Value": "2"}, {"Key": "b", "Value": "3"}],
    )
    assert tags() == {"a": "2", "b": "3"}
    alarms.stage.call("UntagResource", ResourceARN=ARN, TagKeys=["a", "x"])
    assert tags() == {"b": "3"}
    calls: dict[str, dict[str, Any]] = {
        "ListTagsForResource": {},
        "TagResource": {"Tags": []},
        "UntagResource": {"TagKeys": []},
    }
    for operation, more in calls.items():
        with pytest.raises(ResourceNotFoundException):
            alarms.stage.call(operation, ResourceARN=f"{ARN}x", **more)


def test_only_what_is_there_gets_a_state(alarms: Alarms) -> None:
    alarms.put()
    values = {"StateValue": "OK", "StateReason": "why"}
    with pytest.raises(ResourceNotFound):
        alarms.stage.call("SetAlarmState", AlarmName="nobody", **values)
    with pytest.raises(InvalidFormatFault):
        alarms.stage.call("SetAlarmState", AlarmName="a", StateReasonData="{", **values)
