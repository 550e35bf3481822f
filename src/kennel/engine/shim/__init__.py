"""What runs beside each command, outside the plane: `main.py` and its neighbours.

These files import nothing of Kennel but one another, so that they start at once and in any
Python; the plane imports some of them too, so that both sides read the machine the same way.
"""

__all__: list[str] = []
