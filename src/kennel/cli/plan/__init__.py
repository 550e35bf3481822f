"""`kennel plan`: what a setting will do and cost, before anything is deployed.

command    the sub-commands and their options
inputs     options into traffic and plans; base: what they change, live or not
live       what a plane or AWS has now; measured: service times by calls
simulate, search, explain   one sub-command each
outputs    the folder of a report
"""

__all__: list[str] = []
