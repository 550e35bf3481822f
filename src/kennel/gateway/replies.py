"""Replies on their way out."""

from __future__ import annotations

from kennel.gateway.bodies import Send
from kennel.wire import HttpResponse

__all__ = ["send_response"]


async def send_response(
    send: Send, response: HttpResponse, request_id: str, *, streaming: bool = False
) -> None:
    """Starts the reply, and ends it too unless its body is streamed after."""
    headers = {"x-amzn-RequestId": request_id, "x-amz-request-id": request_id, **response.headers}
    stated = "content-length" in {name.lower() for name in headers}
    if not (streaming or stated or response.status in (204, 304)):
        headers["Content-Length"] = str(len(response.body))
    await send(
        {
            "type": "http.response.start",
            "status": response.status,
            "headers": [
                (name.encode("latin-1"), str(value).encode("latin-1"))
                for name, value in headers.items()
            ],
        }
    )
    if not streaming:
        await send({"type": "http.response.body", "body": response.body})
