"""The short way of InvokeEndpoint."""

from __future__ import annotations

import re
from typing import ClassVar

from kennel.errors import AwsError, NotImplementedByKennel
from kennel.gateway.plane import Plane
from kennel.gateway.short_way import ShortWay
from kennel.services import Context
from kennel.services.sagemaker_runtime import (
    PAYLOAD_LIMIT,
    Invocation,
    SageMakerRuntime,
    payload_too_large,
)
from kennel.wire import HttpRequest, HttpResponse

__all__ = ["EndpointInvocations"]

_REPLY_HEADERS = {
    "content-type": "Content-Type",
    "x-amzn-sagemaker-custom-attributes": "X-Amzn-SageMaker-Custom-Attributes",
    "x-kennel-model-micros": "x-kennel-model-micros",
}


_REFUSED_HEADERS = {
    "x-amzn-sagemaker-target-model": "TargetModel",
    "x-amzn-sagemaker-target-container-hostname": "TargetContainerHostname",
    "x-amzn-sagemaker-inference-component": "InferenceComponentName",
    "x-amzn-sagemaker-session-id": "SessionId",
    "x-amzn-sagemaker-enable-explanations": "EnableExplanations",
    "x-amzn-sagemaker-prefix-aware-id": "PrefixAwareId",
}


class EndpointInvocations(ShortWay):
    """`POST /endpoints/NAME/invocations`."""

    service: ClassVar[str] = SageMakerRuntime.name
    path: ClassVar[re.Pattern[str]] = re.compile(r"/endpoints/([^/]+)/invocations")
    limit: ClassVar[int] = PAYLOAD_LIMIT

    def __init__(self, plane: Plane) -> None:
        super().__init__(plane)
        self._runtime = plane.runtime

    async def invoke(self, name: str, request: HttpRequest, context: Context) -> HttpResponse:
        context.dispatcher.authorize(
            context, self.service, "InvokeEndpoint", {"EndpointName": name}
        )
        headers = request.headers
        refused = [shown for header, shown in _REFUSED_HEADERS.items() if header in headers]
        if refused:
            raise NotImplementedByKennel(
                f"Kennel does not support the parameter {', '.join(refused)} of "
                "sagemaker-runtime's InvokeEndpoint."
            )
        invocation = Invocation(
            endpoint=name,
            body=request.body,
            content_type=headers.get("content-type", ""),
            accept=headers.get("accept", ""),
            custom_attributes=headers.get("x-amzn-sagemaker-custom-attributes", ""),
            target_variant=headers.get("x-amzn-sagemaker-target-variant", ""),
            inference_id=headers.get("x-amzn-sagemaker-inference-id", ""),
        )
        served = await self._runtime.serve(invocation)
        reply_headers = {
            shown: served.reply.headers[name]
            for name, shown in _REPLY_HEADERS.items()
            if name in served.reply.headers
        }
        reply_headers["x-Amzn-Invoked-Production-Variant"] = served.variant
        return HttpResponse(200, reply_headers, served.reply.body)

    def too_large(self, request: HttpRequest) -> AwsError:
        return payload_too_large()
