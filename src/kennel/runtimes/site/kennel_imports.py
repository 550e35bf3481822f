"""Something to do before the first import of a module, without importing it.

`mend_torchvision` is the use of it in every process: torchvision's wheels from the general index
hold a C++ library built against the CUDA build of PyTorch. On a CPU build the library does not
load, its operators are not defined, and `import torchvision` ends with "operator
torchvision::nms does not exist". Models, transforms and data sets need none of them, so two
declarations are enough to import it. `torchvision.ops.nms`, the detection models and
`torchvision.io.decode_*` stay unavailable.
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

__all__ = ["before_import", "mend_torchvision"]

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
        before: Callable[[ModuleSpec], None],
    ) -> None:
        self._name = name
        self._before = before

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
            self._before(spec)
            execute(module)

        loader.exec_module = exec_module


def before_import(name: str, act: Callable[[ModuleSpec], None]) -> None:
    """Calls `act` with the module's spec just before its first import runs.

    Does nothing for a module that is imported already. `name` is a top-level module.
    """
    if name not in sys.modules:
        sys.meta_path.insert(0, _Finder(name, act))


def mend_torchvision() -> None:
    """Makes a later `import torchvision` work where its C++ operators do not load."""
    before_import("torchvision", _define_operators)


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
