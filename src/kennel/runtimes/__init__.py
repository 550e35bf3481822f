"""What runs inside the processes that Kennel starts: jobs, model servers, functions.

Everything here follows a public container contract, runs in whatever Python the user's
environment has, and imports nothing else of Kennel and nothing but the standard library. What
the user's environment holds (torch, numpy, Jupyter) is imported only where it is used.

`SITE_FOLDER` goes first on the PYTHONPATH of a process that runs users' code; see
`site/sitecustomize.py`.
"""

from __future__ import annotations

import os

__all__ = ["SITE_FOLDER"]

SITE_FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "site")
