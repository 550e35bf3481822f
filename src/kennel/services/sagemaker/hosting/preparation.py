"""What a zygote is started with: the model's files in place, its command and environment."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from kennel.engine import Mount, Process, ProcessSpec
from kennel.services.sagemaker.hosting.artifacts import (
    ModelUnusable,
    lay_out_code,
    lay_out_model,
)
from kennel.services.sagemaker.hosting.container import container_environment
from kennel.services.sagemaker.hosting.deployment import ServedVariant
from kennel.services.sagemaker.images import Images, UnknownImage
from kennel.services.sagemaker.imports import imports_folder
from kennel.services.sagemaker.instance_types import PROCESSES
from kennel.weights import WEIGHTS_DIR, WeightsFolder

if TYPE_CHECKING:
    from kennel.services.context import Context
    from kennel.services.service import Parts

__all__ = ["Preparation"]


class Preparation:
    """Makes a variant's zygote from its document, in the model server's folder."""

    def __init__(self, parts: Parts, images: Images, folder: Path) -> None:
        self._parts = parts
        self._images = images
        self._folder = folder

    def start(
        self, variant: ServedVariant, ctx: Context, environment: Mapping[str, str]
    ) -> Process:
        """Fetches the model and starts a zygote, which then loads it. `ctx` acts as the model's
        role. Raises ModelUnusable."""
        layout = self._lay_out(variant, ctx)
        spec = self._spec(variant, {**environment, **layout})
        self._begin_log(variant, spec)
        (self._folder / "url").write_text(self._parts.reach.url)
        return self._parts.engine.run(spec)

    def knows_the_plane(self) -> bool:
        """Whether the environment of the running processes has this plane's URL: a plane that
        starts on another port can't be reached by them."""
        try:
            return (self._folder / "url").read_text() == self._parts.reach.url
        except OSError:
            return False

    def _lay_out(self, variant: ServedVariant, ctx: Context) -> dict[str, str]:
        """Puts the model's files in place; returns what the environment must say of them."""
        container, base = variant.container, self._folder / "ml"
        model = base / "model"
        if not model.exists():
            lay_out_model(ctx, container.model_data_url, model)
        root = "/opt/ml" if self._mounts_ml else str(base)
        layout = {
            "SM_MODEL_DIR": f"{root}/model",
            "SAGEMAKER_BASE_DIR": root,
        }
        submitted = container.environment.get("SAGEMAKER_SUBMIT_DIRECTORY", "")
        if submitted.startswith("s3://"):
            if not (base / "code").exists():
                lay_out_code(ctx, submitted, base / "code")
            layout["SAGEMAKER_SUBMIT_DIRECTORY"] = f"{root}/code"
        elif submitted.startswith("/opt/ml"):
            layout["SAGEMAKER_SUBMIT_DIRECTORY"] = root + submitted.removeprefix("/opt/ml")
        return layout

    @property
    def _mounts_ml(self) -> bool:
        return self._parts.engine.capabilities.mount_namespaces

    def _spec(self, variant: ServedVariant, environment: Mapping[str, str]) -> ProcessSpec:
        try:
            image = self._images.find(variant.container.image)
        except UnknownImage as error:
            raise ModelUnusable(str(error)) from error
        if image.command:
            raise ModelUnusable(
                f"The image {variant.container.image} stands for a command of its own, "
                "which Kennel runs in training jobs only; endpoints need a framework image."
            )
        base = self._folder / "ml"
        weights = WeightsFolder(self._parts.folder).make()
        imports = imports_folder(self._parts.folder)
        return ProcessSpec(
            folder=self._folder / "zygote",
            command=(
                str(image.python),
                "-P",  # or the model's folder could stand for the standard library
                "-m",
                "kennel.runtimes.serving.zygote",
                "--control",
                str(self._folder / "control"),
            ),
            environment=container_environment(
                {
                    "PYTHONPATH": str(imports),
                    # What a model downloads is its own, and not put among the user's own files.
                    "HOME": str(self._made("home")),
                    "TMPDIR": "/tmp" if self._mounts_ml else str(self._made("tmp")),
                    "TORCH_HOME": str(self._folder / "torch"),
                    WEIGHTS_DIR: str(weights),
                    "KENNEL_FRAMEWORK": self._images.toolkit(variant.container.image),
                    **environment,
                }
            ),
            working_directory=base,
            mounts=self._mounts(base, weights) if self._mounts_ml else (),
            processes=PROCESSES,
            writable=(self._folder,),
            readable=(self._parts.reach.ca_bundle, imports),
        )

    def _mounts(self, base: Path, weights: Path) -> tuple[Mount, ...]:
        return (
            Mount(base, "/opt/ml"),
            Mount(self._made("tmp"), "/tmp"),
            Mount(weights, str(weights), read_only=True),
        )

    def _made(self, name: str) -> Path:
        folder = self._folder / name
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return folder

    def _begin_log(self, variant: ServedVariant, spec: ProcessSpec) -> None:
        """What runs instead of what was asked for; the engine appends to it."""
        uri = variant.container.image
        lines = self._images.remarks(uri, self._images.find(uri))
        spec.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        spec.log.write_text("".join(f"[kennel] {line}\n" for line in lines))
