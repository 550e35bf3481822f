"""CloudWatch: metrics, and the sink for the plane's own."""

from kennel.services.cloudwatch.metric import Dimensions
from kennel.services.cloudwatch.service import CloudWatch
from kennel.services.cloudwatch.sink import MetricSink

__all__ = ["CloudWatch", "Dimensions", "MetricSink"]
