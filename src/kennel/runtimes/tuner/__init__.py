"""Which hyperparameters to try next: the process that searches for tuning jobs.

`python -m kennel.runtimes.tuner` reads one JSON request a line from its standard input and writes
one JSON answer a line. It keeps nothing: a request holds the search space and all trials so far,
so the process may die or be restarted at any moment. Optuna (140 MB) is imported only when a
strategy needs it, and stays out of the plane.

    request   {"strategy": "Bayesian", "seed": 7, "number": 4, "budget": 20, "maximize": false,
               "space": [{"name": "lr", "kind": "continuous", "low": 0.001, "high": 0.1,
                          "scale": "logarithmic"},
                         {"name": "batch", "kind": "categorical", "values": ["32", "64"]}],
               "trials": [{"parameters": {"lr": "0.01", "batch": "32"}, "state": "complete",
                           "value": 0.7, "own": true}]}
    answer    {"parameters": {"lr": "0.0316", "batch": "64"}}  or  {"error": "…"}

`number` counts the job's trials from 1 and `budget` is how many there will be. A trial's state is
`running`, `complete` (with a `value`), `pruned` (with `values`, one for each emission) or
`failed`; `own` is false for what an earlier tuning job found. The same request has the same
answer.
"""

from kennel.runtimes.tuner.proposal import propose

__all__ = ["propose"]
