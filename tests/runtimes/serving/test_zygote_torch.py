"""Real models of PyTorch: the toolkit's defaults, and what forking does to them."""

from __future__ import annotations

import io
import json
import warnings
from pathlib import Path

import numpy
import pytest
import torch

from tests.runtimes.serving.zygotes import Instance, Zygote, ZygoteFactory

JSON = "application/json"
NPY = "application/x-npy"
LARGE = """
import torch
from torch import nn
def model_fn(model_dir):
    torch.manual_seed(1)
    model = nn.Sequential(nn.Linear(2048, 2048), nn.ReLU(), nn.Linear(2048, 2048)).eval()
    model(torch.zeros(1, 2048))
    return model
def input_fn(body, content_type):
    if body[:4] == b"rand": return None
    return torch.full((4, 2048), float(body))
def predict_fn(data, model):
    import numpy
    if data is None: return torch.cat([torch.rand(3), torch.from_numpy(numpy.random.rand(3))])
    with torch.no_grad(): return model(data).sum()
"""
PARALLEL = """
import os, torch
def model_fn(model_dir):
    torch.set_num_threads(2)
    weights = torch.ones(1500, 1500)
    return weights @ weights
def transform_fn(model, body, content_type, accept):
    torch.set_num_threads(2)
    return str(float((model @ model)[0, 0]))
"""


def save_script(model: torch.nn.Module, path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # TorchScript is deprecated, and what people deploy
        torch.jit.save(torch.jit.trace(model.eval(), torch.zeros(1, 3)), str(path))


@pytest.fixture(scope="module")
def linear() -> torch.nn.Module:
    torch.manual_seed(0)
    return torch.nn.Linear(3, 2)


@pytest.fixture(scope="module")
def defaults(shared_zygote: ZygoteFactory, linear: torch.nn.Module) -> Zygote:
    """A model archive of a TorchScript file alone."""
    one = shared_zygote({}, start=False)
    save_script(linear, one.model / "anything.pth")
    return one.start().ready()


@pytest.fixture(scope="module")
def default_instance(defaults: Zygote) -> Instance:
    return defaults.fork("shared")


@pytest.fixture(scope="module")
def large(shared_zygote: ZygoteFactory) -> Zygote:
    """32 MB of weights."""
    return shared_zygote(LARGE).ready()


ROWS = [[1.0, 2.0, 3.0], [4.0, 5.0, 6.5]]


def npy(array: object) -> bytes:
    data = io.BytesIO()
    numpy.save(data, numpy.asarray(array))
    return data.getvalue()


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        (JSON, json.dumps(ROWS)),
        ("text/csv", "1,2,3\n4,5,6.5\n"),
        (NPY, npy(numpy.array(ROWS, numpy.float32))),
    ],
)
@pytest.mark.parametrize("accept", [JSON, "text/csv", NPY, "application/x-other, text/csv"])
def test_the_defaults_read_and_write_the_three_types(
    default_instance, linear, content_type, body, accept
):
    answer = default_instance.invoke(body, content_type, Accept=accept)
    assert answer.status == 200, answer.text
    assert answer.headers["Content-Type"] == accept.rpartition(" ")[2]
    if accept == JSON:
        got = answer.json
    elif accept == NPY:
        got = numpy.load(io.BytesIO(answer.body))
    else:
        got = numpy.loadtxt(io.StringIO(answer.text), delimiter=",")
    with torch.no_grad():
        expected = linear(torch.tensor(ROWS)).numpy()
    numpy.testing.assert_allclose(got, expected, rtol=1e-5)


@pytest.mark.parametrize(
    ("body", "content_type", "accept", "message"),
    [
        (b"\xff\xd8", "image/jpeg", JSON, "Content type image/jpeg is not supported by this"),
        (b"[[1,2,3]]", None, JSON, "Content type None is not supported"),
        (b"[[1,2,3]]", JSON, "image/png", "Content type image/png is not supported"),
        (b"[[1,2,3], [1]]", JSON, JSON, "inhomogeneous"),
        (b"1,2,dog", "text/csv", JSON, "could not convert string 'dog'"),
        (b"[[1,2]]", JSON, JSON, "mat1 and mat2 shapes cannot be multiplied"),
        (npy([{"a": 1}]), NPY, JSON, "allow_pickle=False"),
    ],
)
def test_what_the_defaults_can_not_take_says_so(
    default_instance, body, content_type, accept, message
):
    answer = default_instance.invoke(body, content_type, Accept=accept)
    assert answer.status == 500
    assert message in answer.text


def test_a_state_dict_without_a_script_is_told_what_it_lacks(zygote, linear):
    one = zygote({}, start=False)
    torch.save(linear.state_dict(), one.model / "model.pt")
    status = one.start().loaded()
    assert status["state"] == "failed"
    assert "Please ensure model is saved using torchscript" in status["error"]
    assert "needs a model_fn" in status["error"]


def test_a_loaded_model_is_forked_and_every_fork_answers_alike(large):
    status = large.ask("status")
    assert (status["forks_from"], status["threads"]) == ("model", 1)
    answers = [large.fork(f"alike-{n}").invoke("0.5", "text/plain").json for n in range(2)]
    assert answers[0] == answers[1]


def test_forks_draw_different_numbers_from_torch_and_numpy(large):
    drawn = [large.fork(f"random-{n}").invoke("rand", "x/y").json for n in range(3)]
    for index in range(6):
        assert len({numbers[index] for numbers in drawn}) == 3


def memory(pid: int, file: str, name: str) -> int:
    """A line of kilobytes from a file of the process's."""
    lines = Path(f"/proc/{pid}/{file}").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(name))


def test_twenty_instances_share_the_models_memory(large):
    instances = [large.fork(f"many-{n}") for n in range(20)]
    for inst in instances:
        assert inst.invoke("0.25", "text/plain").status == 200
    resident = memory(instances[0].pid, "status", "VmRSS:")
    together = sum(memory(inst.pid, "smaps_rollup", "Pss:") for inst in instances)
    assert together < 20 * resident / 4


def test_a_model_that_ran_in_parallel_is_not_forked(zygote):
    one = zygote(PARALLEL).ready()
    status = one.ask("status")
    assert status["forks_from"] == "interpreter"
    assert status["threads"] > 1
    inst = one.fork("a")
    inst.wait_for_ping()
    assert float(inst.invoke("x").text) == pytest.approx(1500.0**3, rel=1e-4)


def test_the_threads_that_were_asked_for_are_the_instances(zygote):
    script = """
import os, torch
def model_fn(d): return torch.get_num_threads()
def transform_fn(model, b, c, a):
    return f"{model} {torch.get_num_threads()} {os.environ['OMP_NUM_THREADS']}"
"""
    one = zygote(script, OMP_NUM_THREADS="2").ready()
    assert one.ask("status")["forks_from"] == "model"
    assert one.fork("a").invoke("x").text == "1 2 2"
