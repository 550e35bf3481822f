"""What kind of entry point the user gave, and the command that runs it."""

from __future__ import annotations

import enum
import os
import shlex

from kennel.runtimes.training.configuration import Configuration
from kennel.runtimes.training.errors import ConfigurationError
from kennel.runtimes.training.hyperparameters import to_arguments

__all__ = ["Kind", "command", "kind_of"]


class Kind(enum.Enum):
    """The toolkit's three kinds."""

    PACKAGE = "package"
    PROGRAM = "program"
    COMMAND = "command"


def kind_of(code: str, name: str) -> Kind:
    """A shell script is a command even in a package; whatever else lies beside a setup.py is a
    module of it."""
    if name.endswith(".sh"):
        return Kind.COMMAND
    if os.path.exists(os.path.join(code, "setup.py")):
        return Kind.PACKAGE
    return Kind.PROGRAM if name.endswith(".py") else Kind.COMMAND


def command(configuration: Configuration, kind: Kind, python: str, processes: int) -> list[str]:
    """The command line, to be run in the code folder.

    `processes` is how many torchrun starts on this host, where the job asks for torchrun.
    """
    name = configuration.entry_point
    arguments = to_arguments(configuration.hyperparameters)
    if configuration.is_distributed:
        return _torchrun(configuration, kind, python, processes) + arguments
    if kind is Kind.PACKAGE:
        return [python, "-m", name.removesuffix(".py"), *arguments]
    if kind is Kind.PROGRAM:
        return [python, name, *arguments]
    os.chmod(os.path.join(configuration.folders.code, name), 0o755)
    return ["/bin/sh", "-c", shlex.join([f"./{name}", *arguments])]


def _torchrun(configuration: Configuration, kind: Kind, python: str, processes: int) -> list[str]:
    if kind is not Kind.PROGRAM:
        raise ConfigurationError(
            f"torch_distributed needs a Python script as its entry point, and "
            f"{configuration.entry_point} is a {kind.value}. Name a .py file without a setup.py "
            "beside it."
        )
    hosts = configuration.distribution_hosts
    launcher = [python, "-m", "torch.distributed.run"]
    launcher += ["--nnodes", str(len(hosts)), "--nproc_per_node", str(processes)]
    # The toolkit leaves the master out for one host; here torchrun's own port may be another job's.
    if len(hosts) > 1 or configuration.master_address:
        master = configuration.master_address or configuration.master
        launcher += ["--master_addr", master, "--master_port", configuration.master_port]
    if len(hosts) > 1:
        launcher += ["--node_rank", str(hosts.index(configuration.host))]
    return [*launcher, configuration.entry_point]
