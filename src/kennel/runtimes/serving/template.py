"""A template: the process that instances are forked from."""

from __future__ import annotations

import enum
import faulthandler
import gc
import importlib
import logging
import os
import signal
import sys
import traceback
import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NoReturn

from kennel.runtimes.serving import handlers
from kennel.runtimes.serving.channel import Channel
from kennel.runtimes.serving.fork_safety import Census
from kennel.runtimes.serving.handlers import Handlers
from kennel.runtimes.serving.instance import become_instance
from kennel.runtimes.serving.kernel import die_with_parent, thread_count
from kennel.runtimes.serving.order import Order
from kennel.runtimes.serving.settings import Settings
from kennel.runtimes.site.kennel_imports import mend_imports

__all__ = ["Kind", "Plan", "Template"]

_LONGEST_ERROR = 16 * 1024
# Big, slow to import, and without threads of their own when they are told to use one.
_LIBRARIES = ("numpy", "torch", "torchvision", "PIL.Image", "onnxruntime")


class Kind(enum.Enum):
    """What has happened in a template before instances are forked from it."""

    MODEL = "model"
    INTERPRETER = "interpreter"


@dataclass(frozen=True, slots=True)
class Plan:
    """What a template is to be. `libraries` are those that an interpreter imports; `threads` the
    thread variables for instances."""

    kind: Kind
    settings: Settings
    threads: Mapping[str, str]
    libraries: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Template:
    """The zygote's side. Messages on the channel have an "event":

    loaded     threads, objections to forking, libraries: those of the big ones that are imported
    failed     error
    forked     name, pid
    listening  name, pid, start_time, socket
    unborn     name, error
    """

    kind: Kind
    pid: int
    channel: Channel

    @classmethod
    def start(cls, plan: Plan, inherited: Iterable[int]) -> Template:
        """Forks the calling process; `inherited` are the descriptors that the template closes.

        The caller must be a subreaper and have one thread.
        """
        ours, theirs = Channel.pair()
        zygote = os.getpid()
        sys.stdout.flush()
        pid = os.fork()
        if pid:
            theirs.close()
            return cls(plan.kind, pid, ours)
        try:
            ours.close()
            _leave_the_zygote(zygote, inherited)
            _live(plan, theirs, zygote)
        except BaseException:  # the process's boundary
            traceback.print_exc()
        finally:
            os._exit(1)

    def order(self, order: Order) -> None:
        """Asks for an instance. Raises OSError if the template is gone."""
        self.channel.send(order.as_message())


def _leave_the_zygote(zygote: int, inherited: Iterable[int]) -> None:
    signal.set_wakeup_fd(-1)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD):
        signal.signal(number, signal.SIG_DFL)
    for descriptor in inherited:
        os.close(descriptor)
    die_with_parent(zygote)


def _live(plan: Plan, channel: Channel, zygote: int) -> NoReturn:
    census = Census()
    _prepare(plan)
    loaded: Handlers | None = None
    try:
        if plan.kind is Kind.MODEL:
            loaded = handlers.load(plan.settings)
        else:
            for library in plan.libraries:
                importlib.import_module(library)
    except BaseException as error:  # the process's boundary: the plane hears of it
        traceback.print_exc()
        text = f"{type(error).__name__}: {error}"[:_LONGEST_ERROR]
        channel.send({"event": "failed", "error": text})
        os._exit(1)
    # What nobody refers to may hold a connection. What is frozen is not walked through by the
    # collector, so its pages stay shared.
    gc.collect()
    gc.freeze()
    channel.send(
        {
            "event": "loaded",
            "threads": thread_count(),
            "objections": census.objections(),
            "libraries": [name for name in _LIBRARIES if name in sys.modules],
        }
    )
    while (message := channel.receive()) is not None:
        _fork_instance(Order.parse(message), plan, channel, zygote, loaded)
    os._exit(0)


def _prepare(plan: Plan) -> None:
    """The process as the inference toolkit's scripts find it."""
    settings = plan.settings
    faulthandler.enable()
    warnings.filterwarnings("ignore", message=".*use of fork\\(\\)", category=DeprecationWarning)
    mend_imports()
    sys.argv[:] = [settings.program]
    logging.basicConfig(stream=sys.stdout, format="%(message)s", level=settings.log_level)
    if os.path.isdir(settings.model_dir):
        os.chdir(settings.model_dir)


def _fork_instance(
    order: Order, plan: Plan, channel: Channel, zygote: int, loaded: Handlers | None
) -> None:
    """Forks twice, so that the instance becomes the zygote's child, which waits for its end."""
    sys.stdout.flush()
    middle = os.fork()
    if middle:
        os.waitpid(middle, 0)
        return
    try:
        wait_end, held_end = os.pipe()
        middle = os.getpid()
        pid = os.fork()
        if pid:
            # Before the end of this process: the zygote knows the pid when it gets the child.
            channel.send({"event": "forked", "name": order.name, "pid": pid})
            os._exit(0)
        os.close(held_end)
        os.read(wait_end, 1)  # until the process between has ended
        os.close(wait_end)
        while os.getppid() == middle:
            os.sched_yield()  # its descriptors are closed a moment before its children pass on
        become_instance(order, channel, zygote, plan.settings, loaded, plan.threads)
    except BaseException:  # the process's boundary
        traceback.print_exc()
    finally:
        os._exit(1)
