"""What `kennel iam generate` says besides the policy: for people on standard error, or as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from kennel.cli.iam.generate.calls import Calls
from kennel.cli.iam.generate.current import Holder
from kennel.cli.iam.generate.fitting import Generated
from kennel.cli.iam.generate.proof import Proof
from kennel.cli.iam.holders import short_name
from kennel.cli.iam.moments import show_moment
from kennel.decisions import Outcome, RecordedDecision

__all__ = ["advice", "as_json", "commands", "lines"]

_SHOWN = 5  # examples of what a wildcard stands for, or of what a proof found


def lines(
    holder: Holder,
    calls: Calls,
    generated: Generated,
    proof: Proof,
    findings: Sequence[str],
    *,
    explain: bool,
) -> Iterator[str]:
    """The report, line by line."""
    grants = generated.granted.grants
    resources = {pattern for grant in grants for pattern in grant.resources}
    yield (
        f"{short_name(holder.arn)}: {_count(len({one.action for one in grants}), 'action')} on "
        f"{_count(len(resources), 'resource')}, from {_count(_calls(calls.wanted), 'call')} "
        f"between {show_moment(min(one.first for one in calls.wanted))} and "
        f"{show_moment(max(one.last for one in calls.wanted))} (UTC)."
    )
    yield from _left_out(calls)
    yield from generated.notes
    yield from _wildcards(generated, explain)
    if explain:
        yield from _origins(calls)
    yield from (f"Lint: {finding}" for finding in findings)
    yield from _proof(holder, proof)


def _left_out(calls: Calls) -> Iterator[str]:
    observed = [one for one in calls.wanted if one.outcome is Outcome.OBSERVED]
    if observed:
        yield (
            f"{_count(_calls(observed), 'call')} of them are denied by the policies of then and "
            "were let pass by --iam=observe."
        )
    if calls.refused:
        yield (
            f"What was denied stays denied: {_count(_calls(calls.refused), 'call')}; --with-denied "
            "takes that too."
        )
    if calls.elsewhere:
        yield (
            f"{_count(_calls(calls.elsewhere), 'call')} were allowed by the resource's own policy "
            "and need nothing here."
        )


def _wildcards(generated: Generated, explain: bool) -> Iterator[str]:
    reasons = generated.granted.reasons
    by_pattern: dict[tuple[str, str, tuple[str, ...]], list[str]] = {}
    for action, widening in reasons:
        key = widening.pattern, widening.reason, widening.stands_for if explain else ()
        by_pattern.setdefault(key, []).append(action)
    if by_pattern:
        yield "Wildcards:"
    for (pattern, reason, stands_for), actions in by_pattern.items():
        yield f"  {pattern} ({', '.join(actions)}): {reason}"
        for name in stands_for[:_SHOWN]:
            yield f"    {name}"
        if len(stands_for) > _SHOWN:
            yield f"    and {len(stands_for) - _SHOWN:,} more"


def advice(calls: Calls, proof: Proof) -> str:
    """What to do where calls that were denied differ from allowed ones in context alone, or where
    the policy is wider in context than the old; empty where that isn't it."""
    if proof.strayed_in_context:
        return (
            " It allows calls in a context in which the old policies deny them, as others were "
            "let pass by --iam=observe: put what these need into the old policies first, or leave "
            "them out with --since and --until."
        )
    allowed: dict[tuple[str, str], list[RecordedDecision]] = {}
    for one in calls.wanted:
        allowed.setdefault((one.action, one.resource), []).append(one)
    keys = {
        key
        for one in proof.opened
        for other in allowed.get((one.action, one.resource), ())
        for key in one.facts.keys() | other.facts.keys()
        if one.facts.get(key) != other.facts.get(key)
    }
    if not keys:
        return ""
    return (
        f" Denied calls differ from allowed ones in {', '.join(sorted(keys))} alone, and no "
        "statement of today tells them apart: put such a condition into the old policy and let the "
        "work run again, or choose calls with --since."
    )


def _facts(one: RecordedDecision) -> str:
    return "".join(f" {key}={','.join(values)}" for key, values in sorted(one.facts.items()))


def _origins(calls: Calls) -> Iterator[str]:
    yield "Calls:"
    for one in sorted(calls.wanted, key=lambda one: (one.action, one.resource)):
        yield f"  {one.count:,} x {one.action} {one.resource}{_facts(one)}"


def _proof(holder: Holder, proof: Proof) -> Iterator[str]:
    yield (
        f"Proof: {_count(proof.lines, 'line')} of the record ({_count(proof.calls, 'call')}) "
        "played again against the new policy: "
        + ("every allowed call is allowed" if not proof.lost else f"{len(proof.lost)} are LOST")
        + (
            ", every denied one stays denied."
            if not proof.opened
            else f", {len(proof.opened)} denied ones are OPENED."
        )
    )
    yield from (f"  lost: {_line(one)}" for one in proof.lost[:_SHOWN])
    yield from (f"  opened: {_line(one)}{_facts(one)}" for one in proof.opened[:_SHOWN])
    if proof.bounded:
        yield (
            f"  The permissions boundary denies {_count(len(proof.bounded), 'of the lines')} "
            "whatever the policy says."
        )
    if proof.old_lost:
        yield (
            f"  The policies of today no longer allow {_count(len(proof.old_lost), 'line')} of "
            "these: they were changed after the calls, or the calls only observed."
        )
    allowed = "allows none of them" if not proof.strayed else f"allows {len(proof.strayed)} STRAY"
    yield (
        f"Near misses: {_count(proof.near_misses, 'call')} to other resources of the same types "
        f"and by other actions; the old policies allow {proof.old_near_misses:,}, "
        f"the new {allowed}."
    )
    yield from (f"  stray: {one.action} {one.resource}" for one in proof.strayed[:_SHOWN])
    if proof.context_misses:
        strays = proof.strayed_in_context
        yield (
            f"Near misses in context: {_count(proof.context_misses, 'call')} with other values of "
            "keys that the old policies name (tags, addresses); the new one allows "
            + (f"{len(strays)} that they deny, STRAY." if strays else "none that they deny.")
        )
        yield from (f"  stray: {one.action} {one.resource}" for one in strays[:_SHOWN])
    before = "nobody knows, it was deleted" if holder.is_gone else "everything (the root)"
    if proof.before is not None:
        before = f"{proof.before.actions:,} actions in {proof.before.grants:,} grants"
    yield (
        f"Granted before: {before}. After: {proof.after.actions:,} actions in "
        f"{proof.after.grants:,} grants."
    )


def commands(holder: Holder, name: str, files: Sequence[str]) -> Iterator[str]:
    """The aws commands that put the policies in the place of the old ones."""
    if holder.is_root:
        yield "The root needs no policy. Give these to a user or a role, and use that one."
        return
    if holder.is_gone:
        yield f"The {holder.kind} was deleted; give these to the one in its place."
        return
    verb, of = holder.kind, f"--{holder.kind}-name {holder.name}"
    for number, file in enumerate(files, 1):
        label = name if len(files) == 1 else f"{name}-{number}"
        yield f"aws iam put-{verb}-policy {of} --policy-name {label} --policy-document file://{file}"
    for policy in holder.inline:
        if policy != name:
            yield f"aws iam delete-{verb}-policy {of} --policy-name {policy}"
    for arn in holder.attached:
        yield f"aws iam detach-{verb}-policy {of} --policy-arn {arn}"
    for group in holder.groups:
        yield f"aws iam remove-user-from-group --user-name {holder.name} --group-name {group}"


def as_json(
    holder: Holder, calls: Calls, generated: Generated, proof: Proof, findings: Sequence[str]
) -> dict[str, Any]:
    """The report for programs."""
    return {
        "principal": holder.arn,
        "policies": list(generated.documents),
        "sizes": generated.sizes,
        "notes": list(generated.notes),
        "wildcards": [
            {
                "action": action,
                "pattern": one.pattern,
                "reason": one.reason,
                "stands_for": list(one.stands_for),
            }
            for action, one in generated.granted.reasons
        ],
        "lint": list(findings),
        "calls": {
            "wanted": _calls(calls.wanted),
            "refused": _calls(calls.refused),
            "elsewhere": _calls(calls.elsewhere),
        },
        "proof": {
            "holds": proof.holds,
            "lines": proof.lines,
            "calls": proof.calls,
            "denied_lines": proof.denied_lines,
            "lost": [_line(one) for one in proof.lost],
            "opened": [_line(one) for one in proof.opened],
            "denied_by_boundary": [_line(one) for one in proof.bounded],
            "no_longer_allowed_by_old": [_line(one) for one in proof.old_lost],
            "near_misses": proof.near_misses,
            "near_misses_allowed_by_old": proof.old_near_misses,
            "near_misses_in_context": proof.context_misses,
            "near_misses_in_context_allowed_by_new": [
                f"{x.action} {x.resource}" for x in proof.strayed_in_context
            ],
            "near_misses_allowed_by_new": [f"{x.action} {x.resource}" for x in proof.strayed],
        },
        "before": None
        if proof.before is None
        else {"actions": proof.before.actions, "grants": proof.before.grants},
        "after": {"actions": proof.after.actions, "grants": proof.after.grants},
    }


def _line(one: RecordedDecision) -> str:
    return f"{one.action} {one.resource}"


def _calls(found: Sequence[RecordedDecision]) -> int:
    return sum(one.count for one in found)


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 or noun.endswith('s') else 's'}"
