"""The simulation's inner loops, compiled by numba when they are used first.

All that numba sees is in this package, and nothing else imports numba. Times are seconds of wall
time from the beginning.
"""

__all__: list[str] = []
