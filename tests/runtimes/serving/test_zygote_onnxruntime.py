"""ONNX Runtime sessions in forks."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.runtimes.serving.onnx_models import linear

SIZE = 1024
SCRIPT = """
import json, os
import numpy, onnxruntime
def model_fn(model_dir):
    options = onnxruntime.SessionOptions()
    THREADS
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    session = onnxruntime.InferenceSession(
        os.path.join(model_dir, "code", "model.onnx"), options, ["CPUExecutionProvider"])
    session.run(None, {"x": numpy.zeros((1, SIZE), "float32")})
    return session
def transform_fn(session, body, content_type, accept):
    x = numpy.full((1, SIZE), float(body), "float32")
    (y,) = session.run(None, {"x": x})
    assert (y == y[0, 0]).all()
    return json.dumps([float(y[0, 0]), len(os.listdir("/proc/self/task"))])
""".replace("SIZE", str(SIZE))
ONE = "options.intra_op_num_threads = options.inter_op_num_threads = 1"
TWO = "options.intra_op_num_threads = 2"


@pytest.fixture(scope="module")
def files() -> dict[str, str | bytes]:
    return {"model.onnx": linear(SIZE, 0.5)}


def test_forks_of_a_session_with_one_thread_answer_right_side_by_side(zygote, files):
    one = zygote({**files, "inference.py": SCRIPT.replace("THREADS", ONE)}).ready()
    assert one.ask("status")["forks_from"] == "model"
    instances = [one.fork(f"i{n}") for n in range(4)]

    def ask(n: int) -> tuple[int, list[float]]:
        answer = instances[n % 4].invoke(str(n), "a/b")
        assert answer.status == 200, answer.text
        return n, answer.json

    with ThreadPoolExecutor(4) as pool:
        for n, (value, threads) in pool.map(ask, range(200)):
            assert value == pytest.approx(n * 0.5 * SIZE)
            assert threads == 1
    one.ask("stop")
    assert [inst.exit()["code"] for inst in instances] == [0] * 4


def test_onnxruntime_is_kept_from_reporting_to_its_maker(zygote, files, tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    script = SCRIPT.replace("THREADS", ONE)
    one = zygote({**files, "inference.py": script}, HOME=str(home)).ready()
    one.fork("a").invoke("1", "a/b")
    assert list(home.iterdir()) == []  # its database and device id would be there


def test_a_session_with_a_pool_of_threads_is_loaded_by_each_instance(zygote, files):
    one = zygote({**files, "inference.py": SCRIPT.replace("THREADS", TWO)}).ready()
    assert one.ask("status")["forks_from"] == "interpreter"
    inst = one.fork("a")
    inst.wait_for_ping()
    value, threads = inst.invoke("3", "a/b").json
    assert value == pytest.approx(3 * 0.5 * SIZE)
    assert threads > 1
