"""The steps in their order."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from kennel.cli.connection import Connection
from kennel.demo import (
    endpoint,
    function,
    outputs,
    plots,
    requests,
    roles,
    training,
    tuning,
    upload,
)
from kennel.demo.dataset import DataSet
from kennel.demo.report import (
    ORIGIN_NOTE,
    Prediction,
    Report,
    answer_table,
    numbers,
    timing_table,
)
from kennel.demo.requests import Workplace
from kennel.demo.screen import Screen
from kennel.demo.tidy import Tidy
from kennel.vision.archive import source_archive

__all__ = ["Flow", "Order"]

LINK_SECONDS = 3600


@dataclass(frozen=True, slots=True)
class Order:
    """What is asked for. `folder` gets plots and, if a job fails, its log. `is_real` says that the
    photos are somebody's own, not drawn. `keep` leaves endpoint, function and roles there.
    `policies` are what the roles `sagemaker` and `function` may do, if not what the demo says."""

    data: DataSet
    folder: Path
    trials: int
    is_real: bool
    keep: bool
    policies: Mapping[str, str] = field(default_factory=dict)


class Flow:
    """One run on one plane."""

    def __init__(self, plane: Connection, order: Order, screen: Screen) -> None:
        self._order = order
        self._screen = screen
        self._region = plane.region
        # Unique names: a run never meets what another left.
        stamp = datetime.now(UTC).strftime("%m%d-%H%M%S")
        self._run = f"dogs-{stamp}-{secrets.token_hex(2)}"
        self._s3 = plane.client("s3", max_pool_connections=upload.THREADS, signature_version="s3v4")
        self._iam = plane.client("iam")
        self._sagemaker = plane.client("sagemaker")
        self._runtime = plane.client("sagemaker-runtime")
        self._logs = plane.client("logs")
        self._lambda = plane.client("lambda", retries={"total_max_attempts": 1})
        account = plane.client("sts").get_caller_identity()["Account"]
        self._bucket = f"kennel-demo-{account}-{plane.region}"
        self._data = f"data/{order.data.name}/"

    def run(self) -> Report:
        """Everything; what it made and nobody asked to keep is taken away at its end, however that
        comes. Raises CommandError."""
        with Tidy(lambda: self._screen.say("Taking away what this run made ...")) as tidy:
            self._upload()
            place = self._roles(tidy)
            tuned = self._tune(tidy, place)
            trained = self._train(tidy, place, tuned)
            deployed = self._deploy(tidy, trained, place)
            answered = self._ask(tidy, deployed)
            if self._order.keep:
                tidy.keep()
        files, scores = self._plot(trained, tuned)
        prediction, cold, warm = answered
        data = self._order.data
        return Report(
            run=self._run,
            test_accuracy=float(trained.metrics["Test Accuracy"]),
            validation_accuracy=trained.metrics.get("validation:accuracy"),
            seconds=self._screen.elapsed,
            steps=dict(self._screen.seconds),
            trials=tuned.trials,
            best_trial=tuned.best.name,
            training_job=trained.name,
            endpoint=deployed.name,
            endpoint_seconds=deployed.seconds,
            function=self._run,
            prediction=prediction,
            cold=cold,
            warm=warm,
            files=files,
            note=ORIGIN_NOTE if self._order.is_real else "",
            data={
                "folder": str(data.root),
                "classes": len(data.classes),
                **{split: len(data.split(split)) for split in ("train", "valid", "test")},
                "backbone": scores.get("backbone"),
            },
        )

    def _upload(self) -> None:
        data = self._order.data
        total = len(data.pictures)
        with self._screen.step("upload", f"Upload {total:,} photos to s3://{self._bucket}") as step:
            upload.make_bucket(self._s3, self._bucket, self._region)
            done = upload.upload(
                self._s3,
                self._bucket,
                self._data,
                data.pictures,
                lambda count: step.count("photos", count, total),
            )
            self._s3.put_object(Bucket=self._bucket, Key=self._source, Body=source_archive())
            step.note(
                f"{done.sent:,} sent, {done.kept:,} there already, {done.removed:,} removed; "
                f"{done.size / 1e6:.0f} MB in all"
            )

    def _roles(self, tidy: Tidy) -> Workplace:
        with self._screen.step("roles", "Make an execution role for the jobs"):
            name = f"{self._run}-sagemaker"
            with tidy.making(roles.delete_role, self._iam, name):
                arn = roles.training_role(
                    self._iam, name, self._bucket, self._order.policies.get("sagemaker", "")
                )
        home = f"s3://{self._bucket}"
        return Workplace(
            self._region,
            arn,
            f"{home}/{self._data}",
            f"{home}/{self._source}",
            f"{home}/output",
        )

    def _tune(self, tidy: Tidy, place: Workplace) -> tuning.Tuned:
        number = self._order.trials
        title = f"Tune: {number} trials, {min(requests.PARALLEL, number)} at a time"
        with self._screen.step("tuning", title) as step:
            with tidy.making(tuning.stop, self._sagemaker, self._run):
                self._sagemaker.create_hyper_parameter_tuning_job(
                    **requests.tuning_job(self._run, place, number)
                )
            watch = tuning.TuningWatch(self._sagemaker, self._logs, self._order.folder, step)
            return watch.until_ended(self._run, len(self._order.data.classes))

    def _train(self, tidy: Tidy, place: Workplace, tuned: tuning.Tuned) -> training.Trained:
        values = ", ".join(f"{name} {value}" for name, value in tuned.values.items())
        name = f"{self._run}-best"
        with self._screen.step("training", f"Train the best for good: {values}") as step:
            with tidy.making(training.stop, self._sagemaker, name):
                self._sagemaker.create_training_job(
                    **requests.training_job(name, place, tuned.values)
                )
            return training.watch(self._sagemaker, self._logs, name, self._order.folder, step)

    def _deploy(
        self, tidy: Tidy, trained: training.Trained, place: Workplace
    ) -> endpoint.Deployment:
        with self._screen.step("deployment", f"Deploy the endpoint {self._run}") as step:
            with tidy.making(endpoint.delete, self._sagemaker, self._run):
                endpoint.create(
                    self._sagemaker, self._run, trained.model_data, place.role_arn, self._region
                )
            deployed = endpoint.wait(self._sagemaker, self._run, step)
            step.note(f"Creating to InService: {deployed.seconds:.1f} s")
            return deployed

    def _ask(
        self, tidy: Tidy, deployed: endpoint.Deployment
    ) -> tuple[Prediction, function.Answer, function.Answer]:
        with self._screen.step("function", f"Ask the function {self._run} for a breed") as step:
            name = f"{self._run}-function"
            with tidy.making(roles.delete_role, self._iam, name):
                role = roles.function_role(
                    self._iam, name, deployed.arn, self._order.policies.get("function", "")
                )
            with tidy.making(function.delete, self._lambda, self._run):
                function.create(self._lambda, self._run, role, deployed.name)
            function.wait(self._lambda, self._run, step)
            photo = self._order.data.split("test")[0]
            link = self._s3.generate_presigned_url(
                "get_object",
                Params={"Bucket": self._bucket, "Key": self._data + photo.key},
                ExpiresIn=LINK_SECONDS,
            )
            step.note(f"photo {photo.key}")
            cold = function.invoke(self._lambda, self._run, link)
            warm = function.invoke(self._lambda, self._run, link)
            truth = photo.key.split("/")[1]
            prediction = Prediction(photo.key, truth, self._order.data.classes, cold.logits)
            step.keep(answer_table(prediction))
            step.note(numbers(prediction.logits))
            step.keep(timing_table(cold, warm))
        return prediction, cold, warm

    def _plot(
        self, trained: training.Trained, tuned: tuning.Tuned
    ) -> tuple[dict[str, Path], dict[str, Any]]:
        folder = self._order.folder
        files = {"trials": folder / "trials.png", "confusions": folder / "confusions.png"}
        with self._screen.step("plots", "Plot the trials and the confusions"):
            found = outputs.fetch(
                self._s3, self._bucket, f"output/{trained.name}/output/output.tar.gz"
            )
            plots.plot_trials(tuned.trials, files["trials"])
            plots.plot_confusions(outputs.confusions(found), files["confusions"])
        return files, outputs.metrics(found)

    @property
    def _source(self) -> str:
        return f"code/{self._run}/sourcedir.tar.gz"
