"""The inference toolkit's contract by scripts that use it."""

from __future__ import annotations

import pytest

JSON = "application/json"


def test_every_optional_function_is_called_in_its_order(zygote):
    script = """
calls = []
def pre_model_fn(model_dir): calls.append("pre")
def model_fn(model_dir): calls.append("model"); return "m"
def model_warmup_fn(model_dir, model): calls.append("warm " + model)
def input_fn(body, content_type): calls.append("input"); return body
def predict_fn(data, model): calls.append("predict " + data + model); return calls
def output_fn(prediction, accept): calls.append("output"); return " ".join(calls), accept
"""
    answer = zygote(script).ready().fork("a").invoke("d", "text/csv", Accept="text/plain")
    assert answer.text == "pre model warm m input predict dm output"
    assert answer.headers["Content-Type"] == "text/plain"


def test_functions_with_one_parameter_more_get_the_context(zygote):
    script = """
import json
def model_fn(model_dir, context):
    assert context.system_properties["model_dir"] == model_dir
    return 1
def input_fn(body, content_type, context):
    return context.get_request_header(0, "X-Amzn-SageMaker-Custom-Attributes")
def predict_fn(data, model): return data
def output_fn(prediction, accept, context):
    context.set_response_header(0, "X-Amzn-SageMaker-Custom-Attributes", "back " + prediction)
    context.set_response_content_type(0, "text/mine")
    context.set_response_status(code=201)
    return context.request_processor[0].get_request_properties()["content-type"]
"""
    inst = zygote(script).ready().fork("a")
    for value in ("one", "two"):
        answer = inst.invoke("x", "a/b", X_Amzn_SageMaker_Custom_Attributes=value)
        assert (answer.status, answer.text) == (201, "a/b")
        assert answer.headers["X-Amzn-SageMaker-Custom-Attributes"] == f"back {value}"
        assert answer.headers["Content-Type"] == "text/mine"


def test_the_accepted_type_defaults_to_what_the_environment_says(zygote):
    script = """
def model_fn(d): return 0
def transform_fn(m, b, c, accept): return accept
"""
    environment = {"SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT": "text/csv"}
    inst = zygote(script, **environment).ready().fork("a")
    assert inst.invoke("x").text == "text/csv"
    assert inst.invoke("x", Accept="*/*").text == "text/csv"
    assert inst.invoke("x", Accept="image/png").text == "image/png"


def test_an_exception_gives_its_message_and_traceback_and_the_instance_goes_on(zygote):
    script = """
def model_fn(d): return 0
def predict_fn(data, model): raise ValueError("expected 3 channels, got 1")
def input_fn(b, c): return b
"""
    inst = zygote(script).ready().fork("a")
    for _ in range(2):
        answer = inst.invoke("x", "a/b")
        assert answer.status == 500
        assert answer.text.startswith("expected 3 channels, got 1\nTraceback (most recent call")
        assert "predict_fn" in answer.text
        assert int(answer.headers["X-Kennel-Model-Micros"]) >= 0
    assert inst.log.count("ValueError: expected 3 channels") == 2


@pytest.mark.parametrize(
    ("raised", "status", "message"),
    [
        ("BaseInferenceToolkitError(422, 'no breed', 'phrase')", 422, "no breed"),
        ("Custom(400, 'my own', 'phrase')", 400, "my own"),
        ("KeyError()", 500, "Invalid Request"),
    ],
)
def test_the_toolkits_errors_bring_their_status(zygote, raised, status, message):
    script = f"""
class BaseInferenceToolkitError(Exception):
    def __init__(self, status_code, message, phrase):
        self.status_code, self.message, self.phrase = status_code, message, phrase
class Custom(BaseInferenceToolkitError): pass
def model_fn(d): return 0
def transform_fn(m, b, c, a): raise {raised}
"""
    answer = zygote(script).ready().fork("a").invoke("x")
    assert answer.status == status
    assert answer.text.startswith(message + "\n")


def test_a_payload_that_is_not_the_text_it_says_is_an_error_of_the_request(zygote):
    script = """
def model_fn(d): return 0
def transform_fn(m, b, c, a): return "x"
"""
    inst = zygote(script).ready().fork("a")
    assert inst.invoke(b"\xff\xfe", JSON).status == 500
    assert inst.invoke(b"{}", JSON).status == 200


def test_a_script_named_as_a_module_of_pythons_is_refused(zygote):
    status = zygote({"json.py": ""}, SAGEMAKER_PROGRAM="json.py").loaded()
    assert "The inference script json.py has the name of a module of Python's" in status["error"]
