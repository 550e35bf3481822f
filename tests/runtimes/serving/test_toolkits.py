"""Default handlers of toolkits other than PyTorch's."""

from __future__ import annotations

import io
import json

import numpy

JSON, CSV, NPY = "application/json", "text/csv", "application/x-npy"

SKLEARN = """
import numpy
class Doubles:
    def predict(self, rows):
        return numpy.asarray(rows, dtype=rows.dtype).sum(axis=1)
def model_fn(model_dir): return Doubles()
"""


def test_scikit_learns_defaults_read_and_write_what_its_predictors_send(zygote):
    inst = zygote(SKLEARN, KENNEL_FRAMEWORK="scikit-learn").ready().fork("a")
    assert inst.invoke("[[1, 2], [3, 4]]", JSON).text == "[3.0, 7.0]"
    assert inst.invoke("1,2\n3,4\n", CSV, Accept=CSV).text == "3.0\n7.0\n"
    array = io.BytesIO()
    numpy.save(array, numpy.array([[1, 2]]))
    answer = inst.invoke(array.getvalue(), NPY, Accept=NPY)
    assert numpy.load(io.BytesIO(answer.body)).tolist() == [3]
    assert "not supported" in inst.invoke("x", "image/png").text


def test_scikit_learns_toolkit_wants_a_model_fn(zygote):
    one = zygote("", KENNEL_FRAMEWORK="scikit-learn")
    assert "Please provide a model_fn implementation" in one.loaded()["error"]


HUGGINGFACE = {
    "inference.py": "",
    "transformers.py": """
def pipeline(task, model):
    def run(inputs, **parameters):
        return [{"task": task, "inputs": inputs, **parameters}]
    return run
""",
}


def test_hugging_faces_defaults_make_a_pipeline_of_the_task(zygote):
    one = zygote(HUGGINGFACE, KENNEL_FRAMEWORK="huggingface", HF_TASK="text-classification")
    inst = one.ready().fork("a")
    request = json.dumps({"inputs": "good dog", "parameters": {"top_k": 2}})
    assert json.loads(inst.invoke(request, JSON).text) == [
        {"task": "text-classification", "inputs": "good dog", "top_k": 2}
    ]


def test_hugging_faces_defaults_say_that_a_task_is_missing(zygote):
    assert "Set HF_TASK" in zygote(HUGGINGFACE, KENNEL_FRAMEWORK="huggingface").loaded()["error"]


def test_hugging_faces_defaults_say_that_transformers_is_missing(zygote):
    without = {"inference.py": "", "transformers.py": "raise ImportError('none here')"}
    one = zygote(without, KENNEL_FRAMEWORK="huggingface", HF_TASK="text-classification")
    assert "needs transformers (none here)" in one.loaded()["error"]
