"""Invokes alarms' actions, one after the other, in a thread of its own.

An action for a change of state is on disk with the change, and stays there until it was invoked
and the history says so: a plane that dies in between invokes it at its next start. So an action
may be invoked twice, and never not at all.
"""

from __future__ import annotations

import logging
import queue
import sqlite3
import threading
from collections.abc import Iterable

from kennel.errors import AwsError
from kennel.identity import Principal
from kennel.services.alarm_actions import AlarmActor, AlarmCall
from kennel.services.cloudwatch.alarms import errand as errands
from kennel.services.cloudwatch.alarms import history
from kennel.services.cloudwatch.alarms.action_arn import ActionKind, kind_of
from kennel.services.cloudwatch.alarms.book import AlarmBook
from kennel.services.cloudwatch.alarms.errand import Errand
from kennel.services.cloudwatch.alarms.instants import stamp
from kennel.services.cloudwatch.alarms.record import Alarm, AlarmKey
from kennel.services.service import Parts
from kennel.store import Database

__all__ = ["FUNCTION_PRINCIPAL", "ActionRunner"]

FUNCTION_PRINCIPAL = "lambda.alarms.cloudwatch.amazonaws.com"
"""As whom CloudWatch invokes functions. Source: "Invoke a Lambda function from an alarm"."""

log = logging.getLogger(__name__)


class _Failed(Exception):
    """An action could not be invoked; the message says why."""


class ActionRunner:
    """`start` takes up what was left over; `run` hands over more."""

    def __init__(self, parts: Parts, database: Database, book: AlarmBook) -> None:
        self._parts = parts
        self._database = database
        self._book = book
        self._queue: queue.SimpleQueue[Errand | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._failures: dict[tuple[AlarmKey, str], str] = {}  # of repeated ones, to tell changes

    def start(self) -> None:
        self.run(self._database.read(errands.pending))
        self._thread = threading.Thread(target=self._loop, name="alarm-actions", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """What is still waiting is on disk, or is repeated anyway."""
        if self._thread is not None:
            self._queue.put(None)
            self._thread.join()
            self._thread = None

    def run(self, work: Iterable[Errand]) -> None:
        for errand in work:
            self._queue.put(errand)

    def forget(self, key: AlarmKey) -> None:
        """The alarm is deleted."""
        for known in [known for known in self._failures.copy() if known[0] == key]:
            self._failures.pop(known, None)

    def _loop(self) -> None:
        while (errand := self._queue.get()) is not None:
            try:
                self.invoke(errand)
            except Exception:  # the thread's boundary: the others must still be done
                log.exception("the action %s of the alarm %s", errand.action, errand.name)

    def invoke(self, errand: Errand) -> None:
        """Invokes one action and writes down how that went."""
        alarm = self._book.get(AlarmKey(errand.region, errand.name))
        error = ""
        if alarm is None:  # deleted meanwhile
            self._database.write(lambda connection: errands.remove(connection, errand))
            return
        try:
            self._perform(errand, alarm)
        except _Failed as failure:
            error = str(failure)
        except AwsError as failure:
            error = failure.message
        except Exception as failure:
            log.exception("the action %s of the alarm %s", errand.action, errand.name)
            error = f"internal failure: {failure}"
        key = (alarm.key, errand.action)
        is_news = not errand.is_repeat or self._failures.get(key, "") != error
        self._failures[key] = error
        if not is_news:
            return
        event = history.acted(
            alarm, stamp(self._parts.clock), errand.action, errand.changed, errand.message, error
        )

        def note(connection: sqlite3.Connection) -> None:
            errands.remove(connection, errand)
            history.write(connection, [event])

        self._database.write(note)

    def _perform(self, errand: Errand, alarm: Alarm) -> None:
        """Raises _Failed or AwsError."""
        kind = kind_of(errand.action)
        if kind is ActionKind.SCALING_POLICY:
            actor: object = self._parts.dispatcher.service("application-autoscaling")
            if not isinstance(actor, AlarmActor):
                raise _Failed("This Kennel does not run Application Auto Scaling.")
            actor.alarm_invoked(
                AlarmCall(
                    alarm.name,
                    alarm.arn,
                    errand.action,
                    errand.reading,
                    self._parts.clock.policy(),
                )
            )
        elif kind is ActionKind.FUNCTION:
            service = Principal.service(self._parts.account_id, FUNCTION_PRINCIPAL)
            context = self._parts.dispatcher.context(
                service, region=errand.region, source={"source_arn": alarm.arn}
            )
            context.call(
                "lambda",
                "Invoke",
                FunctionName=errand.action,
                InvocationType="Event",
                Payload=errand.message.encode(),
            )
        else:
            raise _Failed(f"Kennel does not run the service behind {kind}; nothing was done.")
