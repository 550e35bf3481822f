"""Tables that come with the planner; docs/planning.md says where they are from."""

__all__: list[str] = []
