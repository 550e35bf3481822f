"""`import smdebug.pytorch as smd`: the hooks, switched off. See `smdebug`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from smdebug import (  # type: ignore[import-not-found]
    CollectionKeys,
    ReductionConfig,
    SaveConfig,
    SaveConfigMode,
    modes,
)
from smdebug.trials import create_trial  # type: ignore[import-not-found]

__all__ = [
    "Collection",
    "CollectionKeys",
    "Hook",
    "ReductionConfig",
    "SaveConfig",
    "SaveConfigMode",
    "create_trial",
    "del_hook",
    "get_hook",
    "modes",
    "set_hook",
]


class Collection:
    """A named set of tensors that a hook was to save."""

    def __init__(self, name: str, include_regex: Sequence[str] = (), **_: Any) -> None:
        self.name = name
        self.include_regex = list(include_regex)

    def include(self, patterns: str | Sequence[str]) -> None:
        self.include_regex += [patterns] if isinstance(patterns, str) else patterns

    def add_module_tensors(self, *_: Any, **__: Any) -> None:
        """Adds nothing: the hook saves nothing."""


class Hook:
    """A hook that is switched off: it takes what it is told, and watches and records nothing."""

    def __init__(self, out_dir: str | None = None, **_: Any) -> None:
        self.out_dir = out_dir
        self._collections: dict[str, Collection] = {}

    @classmethod
    def create_from_json_file(cls, json_file_path: str | None = None) -> Hook:
        return cls()

    @classmethod
    def hook_from_config(cls, json_config_path: str | None = None) -> Hook:
        return cls()

    def register_module(self, module: Any) -> None: ...

    def register_hook(self, module: Any) -> None: ...

    def register_loss(self, loss_module: Any) -> None: ...

    def record_tensor_value(self, tensor_name: str, tensor_value: Any) -> None: ...

    def save_scalar(
        self, name: str, value: Any, sm_metric: bool = False, timestamp: Any = None
    ) -> None: ...

    def save_tensor(
        self,
        tensor_name: str,
        tensor_value: Any,
        collections_to_write: Any = CollectionKeys.DEFAULT,
    ) -> None: ...

    def set_mode(self, mode: Any) -> None:
        """Checks the mode as the real hook does."""
        if not isinstance(mode, modes):
            raise ValueError(
                f"Invalid mode {mode}. Valid modes are {', '.join(modes.__members__)}."
            )

    def get_collection(self, name: str) -> Collection:
        return self._collections.setdefault(name, Collection(name))

    def get_collections(self) -> dict[str, Collection]:
        return self._collections

    def add_collection(self, collection: Collection) -> None:
        self._collections[collection.name] = collection

    def close(self) -> None: ...


_hook: list[Hook] = []


def get_hook(
    json_config_path: str | None = None, create_if_not_exists: bool = False
) -> Hook | None:
    """The hook that was set, or None; makes one if asked to."""
    if create_if_not_exists and not _hook:
        _hook.append(Hook())
    return _hook[0] if _hook else None


def set_hook(custom_hook: Hook) -> None:
    _hook[:] = [custom_hook]


def del_hook() -> None:
    _hook.clear()
