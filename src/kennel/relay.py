"""Bytes between two connections, both ways, as they come."""

from __future__ import annotations

import asyncio

__all__ = ["Half"]


class Half(asyncio.Protocol):
    """One end of a tunnel. What one end reads, the other writes, no faster than it can."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None
        self.other: Half | None = None

    def join(self, other: Half) -> None:
        """Makes a tunnel of two ends."""
        self.other, other.other = other, self

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport  # type: ignore[assignment]  # uvloop's is no subclass

    def data_received(self, data: bytes) -> None:
        if self.other is not None and self.other.transport is not None:
            self.other.transport.write(data)

    def pause_writing(self) -> None:
        if self.other is not None and self.other.transport is not None:
            self.other.transport.pause_reading()

    def resume_writing(self) -> None:
        other = None if self.other is None else self.other.transport
        if other is not None and not other.is_closing():
            other.resume_reading()

    def eof_received(self) -> bool:
        other = None if self.other is None else self.other.transport
        if other is not None and not other.is_closing() and other.can_write_eof():
            other.write_eof()
            return True  # the answer may still come
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        if self.other is not None and self.other.transport is not None:
            self.other.transport.close()

    def shutdown(self) -> None:
        """Closes the tunnel."""
        if self.transport is not None:
            self.transport.close()
