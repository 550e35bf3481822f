"""What a setting will do under some traffic, and what it costs, before anything is deployed.

It runs the policies of `kennel.scaling`, which the live plane runs too, on a simulated clock.
"""

__all__: list[str] = []
