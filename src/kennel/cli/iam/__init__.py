"""`kennel iam`: what was asked and answered, and the policies that follow from it.

command    the sub-commands
holders    whom a name on the command line means
recorded   the record of decisions, from the plane's own page
actions    AWS's reference of actions
decisions, generate, audit   one module or package a sub-command
"""

__all__: list[str] = []
