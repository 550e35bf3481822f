"""requirements.txt of a model's code."""

from __future__ import annotations

from tests.runtimes.wheels import wheel

WHEEL = "tinything-1.0-py3-none-any.whl"
FILES = {
    "requirements.txt": f"./{WHEEL}\n",
    WHEEL: wheel("tinything", "1.0", "VALUE = 42"),
    "inference.py": """
import subprocess, sys, tinything
def model_fn(d): return tinything.VALUE
def transform_fn(model, b, c, a):
    code = "import tinything; print(tinything.VALUE)"
    return str(model) + subprocess.check_output([sys.executable, "-c", code], text=True)
""",
}


def test_what_the_code_requires_is_there_for_it_and_its_children(zygote):
    one = zygote(FILES)
    assert one.ask("status")["state"] == "loading"
    assert one.ready().fork("a").invoke("x").text == "4242\n"
    assert "installing packages from requirements.txt" in one.log


def test_a_zygote_that_is_started_again_does_not_install_again(zygote):
    one = zygote(FILES).ready()
    one.ask("stop")
    one.process.wait()
    one.disconnect()
    one.start().ready()
    assert one.log.count("installing packages") == 1


def test_requirements_that_can_not_be_had_fail_the_model(zygote):
    status = zygote({**FILES, "requirements.txt": "./missing.whl\n"}).loaded()
    assert status["state"] == "failed"
    assert "pip install -r requirements.txt ended with 1" in status["error"]


def test_stopping_while_packages_are_installed_ends_at_once(zygote):
    one = zygote({**FILES, "requirements.txt": f"./{WHEEL}\n"})
    one.process.terminate()
    assert one.process.wait(30) == 0
