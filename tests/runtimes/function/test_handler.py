from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from kennel.runtimes.function.fault import Fault, error_of, log_text
from kennel.runtimes.function.handler import load_handler


@pytest.fixture
def task(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    import sys

    known = set(sys.modules)
    monkeypatch.syspath_prepend(tmp_path)
    yield tmp_path
    for name in set(sys.modules) - known:
        del sys.modules[name]


def test_a_handler_is_found_by_module_and_name(task: Path) -> None:
    (task / "deep").mkdir()
    (task / "deep" / "inner_module.py").write_text("def run(event, context): return event")
    assert load_handler("deep/inner_module.run")(7, None) == 7
    assert load_handler("deep.inner_module.run")(8, None) == 8


@pytest.mark.parametrize(
    ("name", "script", "kind"),
    [
        ("handler", "", "Runtime.MalformedHandlerName"),
        ("sys.exit", "", "Runtime.BuiltInModuleConflict"),
        ("no_such_module.handler", "", "Runtime.ImportModuleError"),
        ("function_module.handler", "import no_such_thing", "Runtime.ImportModuleError"),
        ("function_module.handler", "def", "Runtime.UserCodeSyntaxError"),
        ("function_module.handler", "x = 1", "Runtime.HandlerNotFound"),
    ],
)
def test_what_can_not_be_loaded_has_awss_name(
    task: Path, name: str, script: str, kind: str
) -> None:
    (task / "function_module.py").write_text(script)
    with pytest.raises(Fault) as caught:
        load_handler(name)
    assert caught.value.kind == kind


def test_an_exception_of_the_modules_own_passes_through_with_its_stack(task: Path) -> None:
    (task / "function_module.py").write_text(
        "def look():\n    raise LookupError('no dog')\nlook()\n"
    )
    with pytest.raises(LookupError) as caught:
        load_handler("function_module.handler")
    error = error_of(caught.value, "r-1")
    assert (error["errorType"], error["errorMessage"]) == ("LookupError", "no dog")
    assert error["requestId"] == "r-1"
    assert error["stackTrace"][-1].startswith(
        f'  File "{task}/function_module.py", line 2, in look'
    )
    json.dumps(error)


def test_the_log_shows_the_stack_indented_by_spaces_that_viewers_keep() -> None:
    text = log_text(
        {
            "errorMessage": "no dog",
            "errorType": "LookupError",
            "stackTrace": ['  File "x.py", line 1, in f\n    f()\n'],
        }
    )
    assert text == (
        "[ERROR] LookupError: no dog\nTraceback (most recent call last):\n"
        '\u00a0\u00a0File "x.py", line 1, in f\n\u00a0\u00a0\u00a0\u00a0f()\n'
    )
