"""InvokeEndpoint."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from kennel.services.sagemaker_runtime.errors import (
    ModelError,
    ServiceUnavailable,
    ValidationError,
)
from kennel.services.sagemaker_runtime.router import Invocation, Router, Served
from kennel.services.service import Parts, Service

if TYPE_CHECKING:
    from kennel.services.cloudwatch import MetricSink
    from kennel.services.context import Context

__all__ = ["PAYLOAD_LIMIT", "SageMakerRuntime", "payload_too_large"]

PAYLOAD_LIMIT = 25 << 20  # bytes ("Quotas", Amazon SageMaker: real-time inference payload 25 MB)

_NAMESPACE = "AWS/SageMaker"


class SageMakerRuntime(Service):
    """Amazon SageMaker's runtime. The gateway calls `serve` on its loop; other services and the
    slow way call the operation."""

    name: ClassVar[str] = "sagemaker-runtime"

    def __init__(self, parts: Parts) -> None:
        super().__init__(parts)
        self.router = Router(parts.account_id)
        self._sink: MetricSink | None = None

    def invoke_endpoint(
        self,
        ctx: Context,
        *,
        EndpointName: str,
        Body: bytes = b"",
        ContentType: str = "",
        Accept: str = "",
        CustomAttributes: str = "",
        TargetVariant: str = "",
        InferenceId: str = "",
    ) -> dict[str, Any]:
        invocation = Invocation(
            EndpointName, Body, ContentType, Accept, CustomAttributes, TargetVariant, InferenceId
        )
        if len(Body) > PAYLOAD_LIMIT:
            raise payload_too_large()
        served = self.router.run(self.serve(invocation))
        reply = served.reply
        result = {
            "Body": reply.body,
            "ContentType": reply.headers.get("content-type", "application/json"),
            "InvokedProductionVariant": served.variant,
        }
        attributes = reply.headers.get("x-amzn-sagemaker-custom-attributes")
        if attributes:
            result["CustomAttributes"] = attributes
        return result

    async def serve(self, invocation: Invocation) -> Served:
        """Serves a request on the event loop and publishes its metrics, under AWS's names and
        units ("Amazon SageMaker AI metrics in Amazon CloudWatch"). Raises what the router raises,
        and ModelError if the model answered with an error."""
        try:
            served = await self.router.invoke(invocation)
        except (ModelError, ServiceUnavailable) as error:
            self._count_failure(invocation, error.variant)
            raise
        self._count(invocation, served)
        if served.reply.status >= 300:
            raise self._model_error(invocation, served)
        return served

    def _count_failure(self, invocation: Invocation, variant: str) -> None:
        """A request that no instance answered."""
        dimensions = {"EndpointName": invocation.endpoint, "VariantName": variant}
        for name in ("Invocations", "Invocation5XXErrors", "InvocationModelErrors"):
            self._metric_sink().add(_NAMESPACE, name, dimensions, 1.0, "None")

    def _count(self, invocation: Invocation, served: Served) -> None:
        status = served.reply.status
        model = float(served.reply.headers.get("x-kennel-model-micros", served.served * 1e6))
        overhead = max(0.0, (served.waited + served.served) * 1e6 - model)
        sink = self._metric_sink()
        dimensions = {"EndpointName": invocation.endpoint, "VariantName": served.variant}
        for name, value, unit in (
            ("Invocations", 1.0, "None"),
            ("InvocationsPerInstance", 1.0 / served.instances, "None"),
            ("ModelLatency", model, "Microseconds"),
            ("OverheadLatency", overhead, "Microseconds"),
            ("Invocation4XXErrors", float(400 <= status < 500), "None"),
            ("Invocation5XXErrors", float(status >= 500), "None"),
            ("InvocationModelErrors", float(status >= 300), "None"),
        ):
            sink.add(_NAMESPACE, name, dimensions, value, unit)

    def _model_error(self, invocation: Invocation, served: Served) -> ModelError:
        status = served.reply.status
        message = served.reply.body.decode("utf-8", "replace")[:2048]
        side = "client" if status < 500 else "server"
        group = f"/aws/sagemaker/Endpoints/{invocation.endpoint}"
        region, account = self.parts.region, self.parts.account_id
        arn = f"arn:aws:logs:{region}:{account}:log-group:{group}"
        return ModelError(
            f'Received {side} error ({status}) from primary with message "{message}". '
            f"See https://{region}.console.aws.amazon.com/cloudwatch/home?region={region}"
            f"#logEventViewer:group={group} in account {account} for more information.",
            OriginalStatusCode=status,
            OriginalMessage=message,
            LogStreamArn=arn,
        )

    def _metric_sink(self) -> MetricSink:
        if self._sink is None:
            cloudwatch = self.parts.dispatcher.service("cloudwatch")
            assert cloudwatch is not None
            self._sink = cloudwatch.sink  # type: ignore[attr-defined]
        return self._sink


def payload_too_large() -> ValidationError:
    """The answer to a payload above the limit."""
    return ValidationError(
        "1 validation error detected: Value at 'body' failed to satisfy constraint: "
        f"Member must have length less than or equal to {PAYLOAD_LIMIT}"
    )
