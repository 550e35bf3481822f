"""WarmStartConfig: what earlier tuning jobs found, as evidence for a new one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from kennel.errors import ValidationException
from kennel.services.sagemaker.tuning.completion import best_of
from kennel.services.sagemaker.tuning.document import Evidence, Finding, Trial, TuningJob
from kennel.services.sagemaker.tuning.spec import TuningSpec
from kennel.services.sagemaker.tuning.status import ObjectiveStatus
from kennel.services.sagemaker.tuning.store import TuningStore

if TYPE_CHECKING:
    from kennel.services.context import Context

__all__ = ["IDENTICAL", "gather"]

IDENTICAL = "IdenticalDataAndAlgorithm"
_MOST_FINDINGS = 500  # the latest; more make a search slow and hardly better


def gather(
    ctx: Context, store: TuningStore, config: Mapping[str, Any], spec: TuningSpec
) -> Evidence:
    """What the parents know of the new job's space.

    A parent's trial counts if it has an objective and a value within the range of everything that
    is searched now, be it searched or static then. Its objective is taken as it is also for
    TransferLearning, where the data may differ. Raises ValidationException for parents that AWS
    refuses.
    """
    names = [
        entry["HyperParameterTuningJobName"] for entry in config["ParentHyperParameterTuningJobs"]
    ]
    findings: list[Finding] = []
    bests: list[Trial] = []
    for name in names:
        if names.count(name) > 1:
            raise ValidationException(f"The parent tuning job {name} is named twice.")
        parent = store.get(name)
        _check(ctx, name, parent, spec, identical=config["WarmStartType"] == IDENTICAL)
        assert parent is not None
        trials = store.trials(name)
        earlier = store.evidence(name)
        if earlier is not None:
            findings += [finding for finding in earlier.findings if _fits(finding, spec)]
            bests += [earlier.best] if earlier.best is not None else []
        static = TuningSpec.read(parent.request).static
        findings += [
            Finding({p.name: found[p.name] for p in spec.ranges}, trial.objective)
            for trial in trials
            if trial.objective_status is ObjectiveStatus.SUCCEEDED and trial.objective is not None
            if (found := _point(static, trial, spec)) is not None
        ]
        best = best_of(trials, spec.maximize)
        bests += [best] if best is not None else []
    return Evidence(findings=findings[-_MOST_FINDINGS:], best=best_of(bests, spec.maximize))


def _check(
    ctx: Context, name: str, parent: TuningJob | None, spec: TuningSpec, *, identical: bool
) -> None:
    if parent is None:
        arn = ctx.arn("sagemaker", f"hyper-parameter-tuning-job/{name}")
        raise ValidationException(f"The parent tuning job {arn} does not exist.")
    if not parent.status.is_terminal:
        raise ValidationException(
            f"The parent tuning job {name} is in status {parent.status}; "
            "wait until it is Completed, Stopped or Failed."
        )
    theirs = TuningSpec.read(parent.request)
    if (theirs.metric, theirs.maximize) != (spec.metric, spec.maximize):
        raise ValidationException(
            f"The parent tuning job {name} has another objective; a warm start needs the same."
        )
    if {p.name for p in theirs.ranges} | theirs.static.keys() != (
        {p.name for p in spec.ranges} | spec.static.keys()
    ):
        raise ValidationException(
            f"The parent tuning job {name} has other hyperparameters; between searched and static "
            "ones they may move, but all must be there."
        )
    image, data = _image_and_data(spec), _image_and_data(theirs)
    if identical and image != data:
        raise ValidationException(
            f"The parent tuning job {name} has another training image or other input data; "
            "use the warm start type TransferLearning."
        )


def _image_and_data(spec: TuningSpec) -> tuple[Any, Any]:
    definition = spec.definition
    return definition["AlgorithmSpecification"].get("TrainingImage"), definition.get(
        "InputDataConfig"
    )


def _fits(finding: Finding, spec: TuningSpec) -> bool:
    return all(p.holds(finding.parameters.get(p.name, "")) for p in spec.ranges)


def _point(static: Mapping[str, str], trial: Trial, spec: TuningSpec) -> dict[str, str] | None:
    """The trial's hyperparameters, if the new job could try them."""
    found = {**static, **trial.parameters}
    inside = all(p.name in found and p.holds(found[p.name]) for p in spec.ranges)
    return found if inside else None
