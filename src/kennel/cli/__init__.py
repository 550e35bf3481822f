"""The `kennel` command: a client of the plane like any other.

`main` holds the table of commands; a command is a module here with `configure(parser)` and
`run(arguments)`, imported only when it is the one that was typed.
"""

__all__: list[str] = []
