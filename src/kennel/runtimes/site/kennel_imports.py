"""Something to do before or after the first import of a module, without importing it.

`mend_imports` is the use of it in every process of a job or an endpoint.

torchvision's wheels from the general index hold a C++ library built against the CUDA build of
PyTorch. On a CPU build the library does not load, its operators are not defined, and `import
torchvision` ends with "operator torchvision::nms does not exist". Models, transforms and data sets
need none of them, so two declarations are enough to import it. `torchvision.ops.nms`, the
detection models and `torchvision.io.decode_*` stay unavailable.

torch.hub gets an eye for the weights that Kennel keeps (`kennel_weights`). And what is not
installed may have a package that stands in for it and says so (`stand_ins`).
"""

from __future__ import annotations

import os
import sys

# Every Python process of a job pays for what is imported here, so the types are not. (The name
# is one that type checkers take for typing's.)
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType
    from typing import Any

__all__ = ["after_import", "before_import", "mend_imports"]

# Packages that stand in for others, where these are not installed.
_STAND_INS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "stand_ins")

_OPERATORS = (
    "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
)
# torch drops a library's definitions when the object that made them goes.
_KEPT: list[Any] = []


class _Finder:
    """Watches for one module's first import; the finders behind it find and load it."""

    def __init__(
        self,
        name: str,
        before: Callable[[ModuleSpec], None] | None = None,
        after: Callable[[ModuleType], None] | None = None,
    ) -> None:
        self._name = name
        self._before = before
        self._after = after

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name != self._name:
            return None
        for finder in sys.meta_path:
            if finder is not self and (spec := finder.find_spec(name, path, target)) is not None:
                self._surround(spec)
                return spec
        return None

    def _surround(self, spec: ModuleSpec) -> None:
        """The loader stays what it is (others look at its type); its instance gets a new
        `exec_module` for this one import."""
        loader: Any = spec.loader
        if not hasattr(loader, "exec_module"):
            return
        execute = loader.exec_module

        def exec_module(module: ModuleType) -> None:
            if self in sys.meta_path:
                sys.meta_path.remove(self)
            if self._before is not None:
                self._before(spec)
            execute(module)
            if self._after is not None:
                self._after(module)

        loader.exec_module = exec_module


class _StandIns:
    """Comes last, so it is asked only for what nobody else finds."""

    @staticmethod
    def find_spec(
        name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if path is not None or not os.path.isdir(os.path.join(_STAND_INS, name)):
            return None
        from importlib.machinery import PathFinder

        return PathFinder.find_spec(name, [_STAND_INS], target)


def before_import(name: str, act: Callable[[ModuleSpec], None]) -> None:
    """Calls `act` with the module's spec just before its first import runs.

    Does nothing for a module that is imported already.
    """
    if name not in sys.modules:
        sys.meta_path.insert(0, _Finder(name, before=act))


def after_import(name: str, act: Callable[[ModuleType], None]) -> None:
    """Calls `act` with the module just after its first import has run; at once for one that is
    imported already."""
    if name in sys.modules:
        act(sys.modules[name])
    else:
        sys.meta_path.insert(0, _Finder(name, after=act))


def mend_imports() -> None:
    """Makes later imports work as scripts expect it; see the module's docstring. Once a process."""
    before_import("torchvision", _define_operators)
    if os.environ.get("KENNEL_WEIGHTS_DIR"):
        after_import("torch.hub", _offer_weights)
    if _StandIns not in sys.meta_path:
        sys.meta_path.append(_StandIns)


def _offer_weights(hub: ModuleType) -> None:
    # A neighbour in the folder, by whichever of its names this module goes.
    try:
        from kennel_weights import offer_weights  # type: ignore[import-not-found]
    except ImportError:
        from kennel.runtimes.site.kennel_weights import offer_weights

    offer_weights(hub, os.environ["KENNEL_WEIGHTS_DIR"])


def _define_operators(spec: ModuleSpec) -> None:
    try:
        import torch  # type: ignore[import-not-found,unused-ignore]
    except ImportError:
        return  # torchvision says it better
    if _operators_load(torch, spec):
        return
    library = torch.library.Library("torchvision", "DEF")
    for operator in _OPERATORS:
        library.define(operator)
    _KEPT.append(library)


def _operators_load(torch: Any, spec: ModuleSpec) -> bool:
    """Whether torchvision's own library loads here; loading it twice is harmless."""
    for folder in spec.submodule_search_locations or ():
        for file in os.listdir(folder):
            if not (file.startswith("_C") and file.endswith(".so")):
                continue
            try:
                torch.ops.load_library(os.path.join(folder, file))
            except (OSError, ImportError):
                continue
            return True
    return False
