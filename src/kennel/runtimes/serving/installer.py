"""A model's own packages: requirements.txt of its code, and what its script installs itself."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterable

from kennel.runtimes.overlay import Overlay
from kennel.runtimes.requirements import installable
from kennel.runtimes.serving.settings import Settings

__all__ = ["Installer"]


class Installer:
    """Lays an overlay at `folder`/overlay. One that was finished before is used as it is."""

    def __init__(self, folder: str, settings: Settings) -> None:
        self._overlay = Overlay(os.path.join(folder, "overlay"))
        self._settings = settings
        self.pid = 0

    @property
    def _is_wanted(self) -> bool:
        return os.path.isfile(self._settings.requirements)

    def start(self, inherited: Iterable[int]) -> bool:
        """Makes the overlay, and starts pip as a child process, which closes `inherited`. False
        if pip has nothing to do. Raises OSError."""
        overlay = self._overlay
        if not self._is_wanted:
            if not overlay.is_made:
                overlay.create(needs_pip=False)
            return False
        if overlay.holds(self._settings.requirements):
            return False
        print("kennel: installing packages from requirements.txt", flush=True)
        listed, sentences = installable(self._settings.requirements)
        for sentence in sentences:
            print(f"[kennel] {sentence}", flush=True)
        overlay.create()
        command = overlay.pip_command("-r", listed)
        pid = os.fork()
        if pid == 0:
            try:
                signal.set_wakeup_fd(-1)
                for descriptor in inherited:
                    os.close(descriptor)
                os.chdir(self._settings.code_dir)
                os.execv(command[0], command)
            finally:
                os._exit(127)
        self.pid = pid
        return True

    def finish(self, status: int) -> str | None:
        """Takes pip's end; returns what went wrong, or None."""
        self.pid = 0
        code = os.waitstatus_to_exitcode(status)
        if code != 0:
            return f"pip install -r requirements.txt ended with {code}; the log has its output."
        self._overlay.mark(self._settings.requirements)
        return None

    def enter(self) -> None:
        """Makes this process and its children see what was installed, and install there."""
        self._overlay.enter()
