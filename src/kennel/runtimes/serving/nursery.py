"""The instances that are on their way and those that live, and what is written of their ends."""

from __future__ import annotations

import os
import signal
import time
from dataclasses import dataclass, field
from typing import Any

from kennel.runtimes.serving import records
from kennel.runtimes.serving.control import Client
from kennel.runtimes.serving.order import Order, OrderRefused

__all__ = ["Nursery"]


@dataclass(slots=True)
class _Instance:
    """`listening` is what the plane was told, empty before."""

    order: Order
    client: Client
    request: dict[str, Any]
    pid: int = 0
    started: float = field(default_factory=time.time)
    listening: dict[str, Any] = field(default_factory=dict)


class Nursery:
    """Follows each instance from its order to its exit record."""

    def __init__(self) -> None:
        self._instances: dict[str, _Instance] = {}
        # A child may end before the word of its birth is read.
        self._unclaimed: dict[int, tuple[int, Any]] = {}

    @property
    def is_empty(self) -> bool:
        return not self._instances

    def expect(self, order: Order, client: Client, request: dict[str, Any]) -> None:
        """Raises OrderRefused if an instance of this name lives."""
        if order.name in self._instances:
            raise OrderRefused(f"There is an instance {order.name} already.")
        self._instances[order.name] = _Instance(order, client, request)

    def listing(self) -> list[dict[str, Any]]:
        """The instances that listen."""
        return [{"name": n, **i.listening} for n, i in self._instances.items() if i.listening]

    def hear(self, event: dict[str, Any]) -> None:
        """Takes a template's word of an instance."""
        instance = self._instances.get(event["name"])
        if instance is None:
            return
        if event["event"] == "forked":
            instance.pid = event["pid"]
            end = self._unclaimed.pop(instance.pid, None)
            if end is not None:
                self._bury(instance, *end)
        elif event["event"] == "listening":
            told = ("pid", "start_time", "socket")
            instance.listening = {member: event[member] for member in told}
            instance.client.reply(instance.request, **instance.listening)
        else:
            del self._instances[event["name"]]
            instance.client.refuse(instance.request, f"The fork failed: {event['error']}.")

    def reap(self, pid: int, status: int, usage: Any) -> None:
        """A child has ended. One of no instance is nobody's that matters."""
        for instance in self._instances.values():
            if instance.pid == pid:
                self._bury(instance, status, usage)
                return
        if any(instance.pid == 0 for instance in self._instances.values()):
            self._unclaimed[pid] = (status, usage)
        else:
            self._unclaimed.clear()

    def abandon(self, reason: str) -> None:
        """The template is gone: what it had not begun will not come."""
        for name, instance in list(self._instances.items()):
            if instance.pid == 0:
                del self._instances[name]
                instance.client.refuse(instance.request, reason)

    def send(self, name: str, number: int) -> bool:
        """Signals one instance; False if there is none of the name."""
        instance = self._instances.get(name)
        if instance is None or instance.pid == 0:
            return False
        # It has not been waited for, so the pid is still its own.
        os.kill(instance.pid, number)
        return True

    def send_all(self, number: int) -> None:
        for name in list(self._instances):
            self.send(name, number)

    def _bury(self, instance: _Instance, status: int, usage: Any) -> None:
        order = instance.order
        del self._instances[order.name]
        record = records.exit_record(
            status,
            usage,
            started=instance.started,
            ended=time.time(),
            out_of_memory=records.killed_for_memory(status, order.groups),
        )
        try:
            records.write(order.folder, "exit.json", record)
        except OSError as error:
            # The folder was deleted, or the disk is full: the plane sees from the listing that
            # the instance is gone.
            print(f"kennel: exit.json of {order.name} could not be written: {error}", flush=True)
        code, number = record["code"], record["signal"]
        how = f"on {signal.Signals(number).name}" if number else f"with exit code {code}"
        print(f"kennel: the instance {order.name} (pid {instance.pid}) ended {how}", flush=True)
        if not instance.listening:
            instance.client.refuse(
                instance.request,
                f"The instance {order.name} ended {how} before it listened; its log says why.",
            )
