"""`python -m kennel.runtimes.notebook PLAN.json`: one start of a notebook instance."""

from __future__ import annotations

import sys

from kennel.runtimes.notebook.instance import Instance
from kennel.runtimes.notebook.plan import Plan

sys.exit(Instance(Plan.read(sys.argv[1])).run())
