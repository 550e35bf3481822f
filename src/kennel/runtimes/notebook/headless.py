"""Runs a notebook's cells in turn and hands on what they print while they print it."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
from jupyter_client.kernelspec import NATIVE_KERNEL_NAME, KernelSpecManager, NoSuchKernel
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from traitlets.config import Config

from kennel.runtimes.notebook.screen import Screen, outline

__all__ = ["HeadlessRun", "KernelChoice", "choose_kernel"]


class KernelChoice:
    """A kernel to run a notebook with. `python` is the interpreter if it is one of ours, `note`
    what is to be said when it is not the one that the notebook names."""

    def __init__(self, name: str, python: str, note: str) -> None:
        self.name, self.python, self.note = name, python, note


def choose_kernel(notebook: Any, wanted: str, python: str, *, ours: bool) -> KernelChoice:
    """The kernel called `wanted`, or the one that the notebook names, if it is installed; else,
    for a notebook in Python, the interpreter `python`. With `ours`, that interpreter at any rate.

    Raises NoSuchKernel.
    """
    described = notebook.metadata.get("kernelspec", {})
    named = wanted or described.get("name", "")
    here = named in KernelSpecManager().find_kernel_specs()
    if here and named != NATIVE_KERNEL_NAME and not ours:
        return KernelChoice(named, "", "")
    language = notebook.metadata.get("language_info", {}).get("name") or described.get("language")
    if (wanted and not here) or (language or "python").lower() != "python":
        raise NoSuchKernel(named)
    if ours or here or not named:
        return KernelChoice(NATIVE_KERNEL_NAME, python, "")
    note = f"The kernel {named} is not here; {python} runs the cells."
    return KernelChoice(NATIVE_KERNEL_NAME, python, note)


class _OurKernel(KernelSpecManager):
    """Knows one kernel alone, run by an interpreter."""

    python = ""

    def get_kernel_spec(self, kernel_name: str) -> Any:
        spec = super().get_kernel_spec(kernel_name)
        spec.argv = [self.python, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        spec.argv.append("--IPKernelApp.log_level=ERROR")  # it warns of loopback and of our end
        return spec


class HeadlessRun(NotebookClient):
    """One run of a notebook. `outcomes` holds of each cell that ran its number among those that
    run, its place in the executed copy (from 0), its first line, its seconds and its status."""

    def __init__(
        self,
        notebook: Any,
        kernel: KernelChoice,
        folder: Path,
        screen: Screen,
        keep: Callable[[], None],
    ) -> None:
        """`keep` is called whenever the notebook holds something new to be kept."""
        manager = AsyncKernelManager(kernel_name=kernel.name)
        if kernel.python:
            specs = _OurKernel(kernel_dirs=[], config=Config())
            specs.python = kernel.python
            manager.kernel_spec_manager = specs
        super().__init__(
            notebook,
            km=manager,
            timeout=None,
            resources={"metadata": {"path": str(folder)}},
            kernel_name=kernel.name,
            store_widget_state=True,
            on_notebook_start=self._take_signals,
            on_cell_start=self._cell_starts,
            on_cell_executed=self._cell_ends,
        )
        self.outcomes: list[dict[str, Any]] = []
        self.interrupted = False
        self._screen = screen
        self._keep = keep
        self._started = 0.0

    def process_message(self, msg: Any, cell: Any, cell_index: int) -> Any:
        """nbclient's, which stores the output; then it is shown."""
        stored = super().process_message(msg, cell, cell_index)
        content = msg["content"]
        match msg["msg_type"]:
            case "stream":
                self._screen.show(content["text"])
            case "execute_result" | "display_data":
                self._screen.show(_in_words(content["data"]) + "\n")
            case "error":
                self._screen.show("\n".join(content["traceback"]) + "\n")
        return stored

    def _take_signals(self, notebook: Any) -> None:
        """The first Ctrl-C interrupts the cell, as Jupyter's button does; nbclient would kill the
        kernel at once."""
        asyncio.get_running_loop().add_signal_handler(signal.SIGINT, self._interrupt)

    def _interrupt(self) -> None:
        assert self.km is not None
        if self.interrupted:
            self._ending = asyncio.ensure_future(self.km.shutdown_kernel(now=True))
        else:
            self._ending = asyncio.ensure_future(self.km.interrupt_kernel())
        self.interrupted = True

    def _cell_starts(self, cell: Any, cell_index: int) -> None:
        if cell.cell_type != "code" or not cell.source.strip():
            return
        self._started = time.monotonic()
        outcome: dict[str, Any] = {"cell": len(self.outcomes) + 1, "index": cell_index}
        outcome |= {"source": outline(cell.source), "status": "running", "seconds": 0.0}
        self.outcomes.append(outcome)
        self._screen.start(cell.source)

    def _cell_ends(self, cell: Any, cell_index: int, execute_reply: Any) -> None:
        seconds = time.monotonic() - self._started
        status = execute_reply["content"]["status"]
        self.outcomes[-1].update(status=status, seconds=round(seconds, 3))
        if status == "ok":
            self._screen.end(seconds)
        self._keep()


def _in_words(data: Any) -> str:
    """What of a rich output a line can show."""
    if "text/plain" in data:
        text = data["text/plain"]
        return text if isinstance(text, str) else "".join(text)
    return f"({', '.join(data)})"


def count_of_cells(notebook: Any) -> int:
    """How many cells will run."""
    return sum(cell.cell_type == "code" and bool(cell.source.strip()) for cell in notebook.cells)


def new_code_cell() -> Any:
    return nbformat.v4.new_code_cell()
