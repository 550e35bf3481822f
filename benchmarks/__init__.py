"""What the plane costs, measured on this machine beside what else could do the job."""

__all__: list[str] = []
