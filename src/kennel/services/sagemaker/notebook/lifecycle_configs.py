"""Lifecycle configurations: shell scripts for notebook instances."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from kennel.errors import ValidationException
from kennel.services.parameters import takes
from kennel.services.sagemaker.listing import LISTING, MODIFIED, Page, page_of
from kennel.services.sagemaker.noun import Noun
from kennel.services.sagemaker.tags import Tags as TagSets
from kennel.services.service import Parts
from kennel.store import Collection, Document

if TYPE_CHECKING:
    from kennel.services.context import Context

__all__ = ["LifecycleConfig", "LifecycleConfigs"]

Hooks = Iterable[Mapping[str, str]]


class LifecycleConfig(Document):
    """As it is stored. Scripts are base64, as they came; None where there is none.

    Times are policy time, seconds since the epoch.
    """

    name: str
    arn: str
    creation_time: float
    last_modified_time: float
    on_create: str | None = None
    on_start: str | None = None

    def scripts(self) -> dict[str, bytes]:
        """The scripts by the name of their hook, decoded."""
        found = {"OnCreate": self.on_create, "OnStart": self.on_start}
        return {hook: base64.b64decode(text) for hook, text in found.items() if text is not None}


class LifecycleConfigs(Noun):
    """CreateNotebookInstanceLifecycleConfig, Describe…, List…, Update…, Delete…."""

    operations: ClassVar[frozenset[str]] = frozenset(
        {
            "create_notebook_instance_lifecycle_config",
            "describe_notebook_instance_lifecycle_config",
            "list_notebook_instance_lifecycle_configs",
            "update_notebook_instance_lifecycle_config",
            "delete_notebook_instance_lifecycle_config",
        }
    )
    kinds: ClassVar[frozenset[str]] = frozenset({"notebook-instance-lifecycle-config"})

    def __init__(self, parts: Parts, tags: TagSets) -> None:
        super().__init__(parts)
        self._tags = tags
        self._configs = Collection(
            parts.database, "sagemaker.notebook-lifecycle-configs", LifecycleConfig
        )

    def create_notebook_instance_lifecycle_config(
        self,
        ctx: Context,
        *,
        NotebookInstanceLifecycleConfigName: str,
        OnCreate: Hooks = (),
        OnStart: Hooks = (),
        Tags: Iterable[Mapping[str, str]] = (),
    ) -> dict[str, Any]:
        name = NotebookInstanceLifecycleConfigName
        now = self.parts.clock.policy()
        config = LifecycleConfig(
            name=name,
            arn=self._arn(ctx, name),
            creation_time=now,
            last_modified_time=now,
            on_create=_script("onCreate", OnCreate),
            on_start=_script("onStart", OnStart),
        )
        tags = self._tags.checked(Tags)

        def create(connection: Any) -> bool:
            if not self._configs.add_in(connection, name, config):
                return False
            self._tags.put_in(connection, config.arn, tags)
            return True

        if not self.parts.database.write(create):
            raise ValidationException(
                f"Unable to create Notebook Instance Lifecycle Config {config.arn}. "
                "(Details: Notebook Instance Lifecycle Config already exists.)"
            )
        return {"NotebookInstanceLifecycleConfigArn": config.arn}

    def describe_notebook_instance_lifecycle_config(
        self, ctx: Context, *, NotebookInstanceLifecycleConfigName: str
    ) -> dict[str, Any]:
        config = self._require(ctx, NotebookInstanceLifecycleConfigName, "describe")
        return {
            **_listed(config),
            "OnCreate": _hooks(config.on_create),
            "OnStart": _hooks(config.on_start),
        }

    @takes(*LISTING, *MODIFIED)
    def list_notebook_instance_lifecycle_configs(
        self, ctx: Context, **asked: Any
    ) -> dict[str, Any]:
        """The newest first, unless asked otherwise: AWS's pages name no default."""
        found, token = page_of(
            [config for _, config in self._configs.list()],
            Page.asked(asked),
            modified=lambda config: config.last_modified_time,
        )
        return {"NotebookInstanceLifecycleConfigs": [_listed(c) for c in found], **token}

    def update_notebook_instance_lifecycle_config(
        self,
        ctx: Context,
        *,
        NotebookInstanceLifecycleConfigName: str,
        OnCreate: Hooks | None = None,
        OnStart: Hooks | None = None,
    ) -> dict[str, Any]:
        """Instances have the new scripts at their next start. A hook that is not given stays."""
        self._require(ctx, NotebookInstanceLifecycleConfigName, "update")

        def change(config: LifecycleConfig) -> LifecycleConfig:
            if OnCreate is not None:
                config.on_create = _script("onCreate", OnCreate)
            if OnStart is not None:
                config.on_start = _script("onStart", OnStart)
            config.last_modified_time = self.parts.clock.policy()
            return config

        self._configs.update(NotebookInstanceLifecycleConfigName, change)
        return {}

    def delete_notebook_instance_lifecycle_config(
        self, ctx: Context, *, NotebookInstanceLifecycleConfigName: str
    ) -> None:
        """Forgets the scripts. An instance that names them can't start any more."""
        config = self._require(ctx, NotebookInstanceLifecycleConfigName, "delete")

        def delete(connection: Any) -> None:
            self._configs.delete_in(connection, config.name)
            self._tags.delete_in(connection, config.arn)

        self.parts.database.write(delete)

    def find(self, name: str) -> LifecycleConfig | None:
        """A configuration by name."""
        return self._configs.get(name)

    def exists(self, kind: str, name: str) -> bool:
        return self._configs.get(name) is not None

    def _require(self, ctx: Context, name: str, verb: str) -> LifecycleConfig:
        config = self._configs.get(name)
        if config is None:
            raise ValidationException(
                f"Unable to {verb} Notebook Instance Lifecycle Config '{self._arn(ctx, name)}'. "
                "(Details: Notebook Instance Lifecycle Config does not exist.)"
            )
        return config

    def _arn(self, ctx: Context, name: str) -> str:
        return ctx.arn("sagemaker", f"notebook-instance-lifecycle-config/{name}")


def _script(member: str, hooks: Hooks) -> str | None:
    """The script of a hook, as base64. Raises ValidationException if it is something else."""
    for hook in hooks:
        content = hook.get("Content")
        if content is None:
            continue
        try:
            text = base64.b64decode("".join(content.split()), validate=True).decode()
        except (binascii.Error, UnicodeDecodeError) as error:
            raise ValidationException(
                f"The content of {member} must be a shell script as base64 of UTF-8 text: {error}."
            ) from error
        if "\0" in text:
            raise ValidationException(f"The script of {member} holds a NUL character.")
        return content
    return None


def _hooks(content: str | None) -> list[dict[str, str]]:
    return [] if content is None else [{"Content": content}]


def _listed(config: LifecycleConfig) -> dict[str, Any]:
    return {
        "NotebookInstanceLifecycleConfigName": config.name,
        "NotebookInstanceLifecycleConfigArn": config.arn,
        "CreationTime": config.creation_time,
        "LastModifiedTime": config.last_modified_time,
    }
