"""`kennel iam generate`: from recorded calls to the smallest policy, with proof.

command     options, what is printed and applied; report: the words
calls       which recorded calls count; current: the policies that are there now
varying, folders, widening, patterns   names into patterns, each wildcard with its reason
kept        what the old policies say of context, and deny, stays
grants      actions, resources; conditions; statements: merged, named, within the size limits
lint        what AWS's own reference says of the result
proof       the recording against the new policy and the old; near_misses, sizes: its figures;
            replayed: a recorded call as it is asked again
"""

__all__: list[str] = []
