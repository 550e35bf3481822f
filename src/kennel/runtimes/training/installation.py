"""Installing what the user's code asks for."""

from __future__ import annotations

import importlib.util
import os

from kennel.runtimes.overlay import Overlay
from kennel.runtimes.requirements import installable
from kennel.runtimes.training.configuration import Configuration
from kennel.runtimes.training.entry_point import Kind
from kennel.runtimes.training.error_message import OutputTail, error_message
from kennel.runtimes.training.errors import InstallModuleError, InstallRequirementsError
from kennel.runtimes.training.process import run
from kennel.runtimes.training.report import Report

__all__ = ["install"]


def install(job: Configuration, kind: Kind, environment: dict[str, str], report: Report) -> str:
    """Makes the job's overlay and installs requirements.txt there, and the user's package where
    the source is one. Returns the Python that runs the script, the overlay's, and adds to
    `environment` what leads the script's own `pip install` there. Raises InstallRequirementsError
    and InstallModuleError.
    """
    code = job.folders.code
    overlay = Overlay(job.folders.overlay)
    environment |= overlay.variables(environment)
    requirements = os.path.join(code, "requirements.txt")
    has_requirements = os.path.exists(requirements)
    if kind is Kind.COMMAND or not (has_requirements or kind is Kind.PACKAGE):
        if not overlay.is_made:
            overlay.create(needs_pip=False)
        return overlay.python
    marker = requirements if has_requirements else os.path.join(code, "setup.py")
    if overlay.holds(marker):
        return overlay.python
    overlay.create()
    listed = ""
    if has_requirements:
        listed, sentences = installable(requirements)
        for sentence in sentences:
            print(f"[kennel] {sentence}", flush=True)
    error: type[InstallModuleError | InstallRequirementsError]
    if kind is Kind.PACKAGE:
        report.info("Installing module.")
        arguments, error = ["."], InstallModuleError
        if importlib.util.find_spec("setuptools") is not None:
            # Building with the setuptools that is here needs no network.
            arguments.append("--no-build-isolation")
        if has_requirements:
            arguments += ["-r", listed]
    else:
        report.info("Installing dependencies from requirements.txt")
        arguments, error = ["-r", listed], InstallRequirementsError
    command = overlay.pip_command(*arguments)
    tail = OutputTail()
    code_of_pip = run(command, environment=environment, directory=code, tail=tail)
    if code_of_pip != 0:
        raise error(" ".join(command), code_of_pip, error_message(tail.text()))
    overlay.mark(marker)
    return overlay.python
