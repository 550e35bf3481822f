"""`python -m kennel.runtimes.notebook.lab PLAN`: the instance's JupyterLab.

Its settings go to Jupyter in this process and so stand above whatever a file in the user's home
says, and on no command line.
"""

from __future__ import annotations

import json
import socket
import sys
from pathlib import Path

from kennel.runtimes.notebook.plan import Plan

__all__ = ["main", "settings", "write_page_settings"]


def settings(plan: Plan, port: int) -> list[str]:
    """Jupyter's options, in its own command line's form."""
    secret = Path(plan.folder) / "secret"
    return [
        "--ServerApp.ip=127.0.0.1",
        f"--ServerApp.port={port}",
        "--ServerApp.port_retries=0",
        "--ServerApp.open_browser=False",
        "--ServerApp.allow_root=True",
        f"--ServerApp.root_dir={plan.notebooks}",
        f"--ServerApp.preferred_dir={plan.notebooks}",
        "--ServerApp.default_url=/lab",
        "--ServerApp.quit_button=False",
        "--ServerApp.identity_provider_class=kennel.runtimes.notebook.identity.SessionIdentity",
        f"--SessionIdentity.secret_file={secret}",
        "--ServerApp.allow_remote_access=False",
        "--ServerApp.allow_origin=",
        "--ServerApp.allow_credentials=False",
        "--ServerApp.disable_check_xsrf=False",
        "--ServerApp.allow_unauthenticated_access=False",
        "--ServerApp.terminado_settings=shell_command=['/bin/bash','-l']",
        "--KernelSpecManager.ensure_native_kernel=False",
        "--MappingKernelManager.default_kernel_name=conda_python3",
        "--LabApp.extension_manager=readonly",
    ]


def write_page_settings(folder: Path) -> None:
    """Into one of Jupyter's folders of settings: JupyterLab asks nobody on the network for news and
    new versions of itself, nor the user whether it may."""
    page = {"disabledExtensions": {"@jupyterlab/apputils-extension:announcements": True}}
    (folder / "labconfig").mkdir(parents=True, exist_ok=True)
    (folder / "labconfig" / "page_config.json").write_text(json.dumps(page))


def main(path: str) -> None:
    """Serves until a SIGTERM."""
    from jupyterlab.labapp import LabApp

    plan = Plan.read(path)
    LabApp.launch_instance(settings(plan, _free(plan.port)))


def _free(port: int) -> int:
    """The port, or 0 (any) if somebody else has it now."""
    if port:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                return 0
    return port


if __name__ == "__main__":
    main(sys.argv[1])
