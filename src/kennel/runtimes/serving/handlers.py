"""The user's handlers, found once and bound to the model, so that a request looks nothing up.

The contract is that of `Transformer` in aws/sagemaker-inference-toolkit. What a script leaves out
comes from its image's toolkit (`toolkits`).

    pre_model_fn(model_dir)                        optional
    model_fn(model_dir)                            PyTorch's default: a TorchScript file
    model_warmup_fn(model_dir, model)              optional
    transform_fn(model, body, content_type, accept)
        or any of input_fn(body, content_type), predict_fn(data, model),
        output_fn(prediction, accept)

Each may have one parameter more, which gets the context. The result is a payload, or a pair of a
payload and its content type.
"""

from __future__ import annotations

import importlib
import inspect
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType, SimpleNamespace
from typing import Any

from kennel.runtimes.serving.context import Context
from kennel.runtimes.serving.settings import Settings
from kennel.runtimes.serving.toolkits import Toolkit, toolkit

__all__ = ["Handlers", "ScriptError", "load"]

_Function = Callable[..., Any]


class ScriptError(Exception):
    """The inference script can't be used: it is missing or its functions don't fit together."""


@dataclass(frozen=True, slots=True)
class Handlers:
    """`transform` takes (body, content type, accept); `context` is None if no handler wants it."""

    transform: Callable[[Any, str | None, str], Any]
    context: Context | None


def load(settings: Settings) -> Handlers:
    """Imports the script and loads the model. Raises what the script raises, and ScriptError."""
    binder = _Binder(Context(settings.model_dir))
    script: Any = _import_script(settings) or SimpleNamespace()
    prepare = getattr(script, "pre_model_fn", None)
    warm_up = getattr(script, "model_warmup_fn", None)
    defaults = toolkit(settings.framework)
    transform = _transform(script, binder, defaults)
    if prepare is not None:
        binder.bind(prepare, 1)(settings.model_dir)
    model_fn = getattr(script, "model_fn", None) or defaults.model_fn
    model = binder.bind(model_fn, 1)(settings.model_dir)
    if warm_up is not None:
        binder.bind(warm_up, 2)(settings.model_dir, model)

    def with_model(body: Any, content_type: str | None, accept: str) -> Any:
        return transform(model, body, content_type, accept)

    return Handlers(with_model, binder.context if binder.is_context_wanted else None)


def _transform(script: Any, binder: _Binder, defaults: Toolkit) -> _Function:
    own = getattr(script, "transform_fn", None)
    given = [getattr(script, name, None) for name in ("input_fn", "predict_fn", "output_fn")]
    if own is not None and any(given):
        raise ScriptError(
            "Cannot use transform_fn implementation in conjunction with input_fn, predict_fn, "
            "and/or output_fn implementation"
        )
    if own is not None:
        return binder.bind(own, 4)
    input_fn = binder.bind(given[0] or defaults.input_fn, 2)
    predict_fn = binder.bind(given[1] or defaults.make_predict_fn(), 2)
    output_fn = binder.bind(given[2] or defaults.output_fn, 2)
    if given[0] is None:
        for library in defaults.libraries:  # before the fork, not at the first request
            importlib.import_module(library)

    def transform(model: Any, body: Any, content_type: str | None, accept: str) -> Any:
        return output_fn(predict_fn(input_fn(body, content_type), model), accept)

    return transform


class _Binder:
    """Gives the context to those functions that have a parameter for it."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.is_context_wanted = False

    def bind(self, function: _Function, arguments: int) -> _Function:
        """The function as one of `arguments` arguments. Raises ScriptError."""
        parameters = len(inspect.signature(function).parameters)
        if parameters == arguments:
            return function
        if parameters != arguments + 1:
            name = getattr(function, "__name__", repr(function))
            raise ScriptError(
                f"{name} takes {parameters} arguments but {arguments} are given "
                f"({arguments + 1} with the context). Give it that many parameters."
            )
        self.is_context_wanted = True
        return lambda *given: function(*given, self.context)


def _import_script(settings: Settings) -> ModuleType | None:
    """The script as a module; None where there is none and none was named."""
    path = os.path.join(settings.code_dir, settings.program)
    if not os.path.isfile(path) and not path.endswith(".py"):
        path += ".py"
    if not os.path.isfile(path):
        if settings.program_is_default:
            return None
        raise ScriptError(
            f"The inference script {settings.program} is not in {settings.code_dir}. "
            "Set SAGEMAKER_PROGRAM to its path in the model archive's code folder."
        )
    folder, file = os.path.split(path)
    for entry in (settings.code_dir, folder):
        if entry not in sys.path:
            sys.path.insert(0, entry)
    sys.path.append(settings.model_dir)
    importlib.invalidate_caches()
    name = file.removesuffix(".py")
    if name in sys.modules:
        raise ScriptError(f"The inference script {file} has the name of a module of Python's.")
    return importlib.import_module(name)
