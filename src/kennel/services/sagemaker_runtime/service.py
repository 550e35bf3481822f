"""InvokeEndpoint."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from kennel.services.access import Access
from kennel.services.sagemaker_runtime.errors import ModelError, ValidationError
from kennel.services.sagemaker_runtime.pulse import Pulse
from kennel.services.sagemaker_runtime.router import Invocation, Router, Served
from kennel.services.sagemaker_runtime.variant_metrics import BEAT_SECONDS, VariantMetrics
from kennel.services.service import Parts, Service

if TYPE_CHECKING:
    from kennel.services.context import Context

__all__ = ["PAYLOAD_LIMIT", "SageMakerRuntime", "payload_too_large"]

PAYLOAD_LIMIT = 25 << 20  # bytes ("Quotas", Amazon SageMaker: real-time inference payload 25 MB)


class SageMakerRuntime(Service):
    """Amazon SageMaker's runtime. The gateway calls `serve` on its loop; other services and the
    slow way call the operation."""

    name: ClassVar[str] = "sagemaker-runtime"

    def __init__(self, parts: Parts) -> None:
        super().__init__(parts)
        self.router = Router(parts.account_id, self._metrics)
        self._pulse = Pulse(parts.clock, BEAT_SECONDS, self.router.beat)

    def attach(self, loop: asyncio.AbstractEventLoop) -> None:
        """Names the loop that requests are served on; called there, before any comes."""
        self.router.attach(loop)
        self._pulse.start(loop)

    def stop(self) -> None:
        self._pulse.stop()

    @property
    def actions(self) -> frozenset[str]:
        return frozenset({"sagemaker:InvokeEndpoint"})

    def accesses(
        self, ctx: Context, operation: str, parameters: Mapping[str, Any]
    ) -> tuple[Access, ...]:
        arn = f"arn:aws:sagemaker:{ctx.region}:{ctx.account_id}:endpoint/"
        return (Access("sagemaker:InvokeEndpoint", arn + parameters["EndpointName"]),)

    def resource_tags(self, arn: str) -> Mapping[str, str]:
        """The control plane keeps the tags."""
        sagemaker = self.parts.dispatcher.service("sagemaker")
        return {} if sagemaker is None else sagemaker.resource_tags(arn)

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
        """Serves a request on the event loop. Raises what the router raises, and ModelError if the
        model answered with an error."""
        served = await self.router.invoke(invocation)
        if served.reply.status >= 300:
            raise self._model_error(invocation, served)
        return served

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

    def _metrics(self, endpoint: str, variant: str) -> VariantMetrics:
        cloudwatch = self.parts.dispatcher.service("cloudwatch")
        assert cloudwatch is not None
        add = cloudwatch.sink.add  # type: ignore[attr-defined]
        return VariantMetrics(add, self.parts.clock.policy, endpoint, variant)


def payload_too_large() -> ValidationError:
    """The answer to a payload above the limit."""
    return ValidationError(
        "1 validation error detected: Value at 'body' failed to satisfy constraint: "
        f"Member must have length less than or equal to {PAYLOAD_LIMIT}"
    )
