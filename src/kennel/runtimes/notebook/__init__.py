"""What runs inside a notebook instance's process, and what runs a notebook without one.

`python -m kennel.runtimes.notebook PLAN` is the instance: it runs the lifecycle scripts and keeps
JupyterLab up. `python -m kennel.runtimes.notebook.execute FILE` runs one notebook from its first
cell to its last.
"""

from __future__ import annotations

__all__: list[str] = []
