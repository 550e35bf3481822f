"""What a script installs by pip itself is there at once, for its process and nobody else."""

from __future__ import annotations

import importlib.metadata
import json
import re
from collections.abc import Iterator
from importlib.util import find_spec

import pytest

from tests.integration.functions import Functions
from tests.integration.functions import archive as zipped
from tests.integration.model_archives import Hosting
from tests.integration.training_jobs import Training
from tests.planes import Plane
from tests.runtimes.wheels import wheel

TINY = "tinything-1.0-py3-none-any.whl"
NEWER = "tinything-2.0-py3-none-any.whl"
SIX = "six-99.0-py3-none-any.whl"
TORCH = "torch-99.0-py3-none-any.whl"
MODULE = "VALUE = {}\ndef main(): print('program', VALUE)\n"
WHEELS: dict[str, str | bytes] = {
    TINY: wheel("tinything", "1.0", MODULE.format(1), "tinyprogram"),
    NEWER: wheel("tinything", "2.0", MODULE.format(2), "tinyprogram"),
    SIX: wheel("six", "99.0", "__version__ = '99.0'\n"),
    TORCH: wheel("torch", "99.0", ""),
}

TRAIN = f"""
import os, subprocess, sys
from importlib.metadata import version

host = os.environ["SM_CURRENT_HOST"]
def said(command):
    done = subprocess.run(command, shell=True, text=True, capture_output=True)
    return (done.stdout + done.stderr).replace("\\n", " ").strip()
def told(what, *words):
    print(host, f"{{what}}:", *words, flush=True)

mine = {{"algo-1": "{TINY}", "algo-2": "{NEWER}"}}[host]
subprocess.check_call([sys.executable, "-m", "pip", "install", f"./{{mine}}"])
import tinything
told("imports", tinything.VALUE)
told("starts", said("tinyprogram"))
if host == "algo-1":
    six = version("six")
    told("upgrades", os.system("pip install --upgrade ./{NEWER} ./{SIX}"), version("tinything"))
    told("its children see", said("python -c 'import six; print(six.__version__, six.__file__)'"))
    told("goes back", os.system("pip3 uninstall -y six"), version("six") == six)
    told("keeps", said("pip uninstall -y six"), version("six") == six)
    told("holds", said("pip install ./{TORCH}"))
    told("has another", os.system(f"{{sys.executable}} -m venv --without-pip /tmp/venv"))
    for cache in ("huggingface/hub", "torch/hub/checkpoints"):
        os.makedirs(os.path.expanduser(f"~/.cache/{{cache}}"))
"""

INFER = f"""
import json, os, subprocess, sys

here = os.path.dirname(os.path.abspath(__file__))
subprocess.check_call([sys.executable, "-m", "pip", "install", here + "/{TINY}"])
import tinything
first = tinything.VALUE

def model_fn(model_dir):
    os.makedirs(os.path.expanduser("~/.cache/huggingface/hub"))
    os.makedirs(os.environ["TORCH_HOME"] + "/hub/checkpoints")
    return os.system(f"pip install {{here}}/{SIX}")

def transform_fn(model, body, content_type, accept):
    import six
    program = subprocess.check_output(["tinyprogram"], text=True)
    return json.dumps([first, model, six.__version__, program]), "application/json"
"""

HANDLER = f"""
import os, subprocess, sys

def handler(event, context):
    pip = [sys.executable, "-m", "pip", "install", "--disable-pip-version-check"]
    plain = subprocess.run([*pip, "./{TINY}"], capture_output=True, text=True)
    into = subprocess.run([*pip, "-t", "/tmp/own", "./{TINY}"], capture_output=True, text=True)
    sys.path.insert(0, "/tmp/own")
    import tinything
    return [plain.returncode, plain.stderr, into.returncode, tinything.__file__]
"""


@pytest.fixture(autouse=True)
def _planes_own_environment_stays_as_it_is() -> Iterator[None]:
    before = importlib.metadata.version("six")
    yield
    assert importlib.metadata.version("six") == before
    assert find_spec("tinything") is None


def test_pip_in_a_training_script_installs_for_its_host_alone(plane: Plane) -> None:
    training = Training(plane)
    resources = {"InstanceType": "ml.m5.large", "InstanceCount": 2, "VolumeSizeInGB": 10}
    training.create("own-packages", TRAIN, files=WHEELS, ResourceConfig=resources)
    job = training.wait("own-packages")
    log = "\n".join(training.lines("own-packages"))
    assert job["TrainingJobStatus"] == "Completed", log
    told = dict(re.findall(r"^(algo-\d [a-z ]+): (.*)$", log, re.MULTILINE))
    assert "outside environment /opt/ml/overlay" in told.pop("algo-1 keeps")
    assert "Cannot install torch 99.0" in told.pop("algo-1 holds")
    assert told == {
        "algo-1 imports": "1",
        "algo-1 starts": "program 1",
        "algo-2 imports": "2",
        "algo-2 starts": "program 2",
        "algo-1 upgrades": "0 2.0",
        "algo-1 its children see": "99.0 /opt/ml/overlay/lib/python3.11/site-packages/six.py",
        "algo-1 goes back": "0 True",
        "algo-1 has another": "0",
    }


def test_pip_in_an_inference_script_installs_for_its_model_alone(plane: Plane) -> None:
    hosting = Hosting(plane)
    files = {f"code/{name}": data for name, data in WHEELS.items()}
    hosting.deploy("own-packages", INFER, files=files)
    hosting.wait("own-packages")
    said = json.loads(hosting.invoke("own-packages"))
    assert said == [1, 0, "99.0", "program 1\n"]


def test_a_function_installs_into_its_tmp_alone_as_on_aws(plane: Plane) -> None:
    functions = Functions(plane)
    code = {"ZipFile": zipped({"main.py": HANDLER, TINY: WHEELS[TINY]})}
    functions.create("own-packages", HANDLER, Code=code, Timeout=60, MemorySize=512)
    plain, error, into, where = functions.invoke("own-packages")["json"]
    assert plain != 0
    assert "Read-only file system" in error
    assert (into, where) == (0, "/tmp/own/tinything.py")
