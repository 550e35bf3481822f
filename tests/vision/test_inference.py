from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from kennel.vision import inference
from kennel.vision.errors import ClientFault, LinkError, PictureError, RequestError
from kennel.vision.links import LinkFetcher, Rules
from kennel.vision.model import Classifier
from tests.runtimes.serving.zygotes import Zygote
from tests.vision.conftest import BREEDS
from tests.vision.files import bomb
from tests.vision.servers import answer, serving


@pytest.fixture(scope="module")
def model(trained: Path) -> Classifier:
    return inference.model_fn(str(trained / "model"))


def ask(
    model: Classifier, body: bytes | bytearray | str, content_type: str, accept: str | None = None
):
    photo = inference.input_fn(body, content_type)
    return inference.output_fn(inference.predict_fn(photo, model), accept)


def test_a_photo_becomes_a_nested_list_of_logits(model, photo):
    text, kind = ask(model, photo, "image/jpeg")
    assert kind == "application/json"
    assert np.asarray(json.loads(text)).shape == (1, BREEDS)


@pytest.mark.parametrize("accept", ["application/json;verbose", "application/json; verbose, */*"])
def test_the_verbose_reply_has_labels_and_probabilities(model, photo, accept):
    found = json.loads(ask(model, bytearray(photo), "image/jpeg", accept)[0])
    logits = np.asarray(found["logits"][0])
    odds = np.exp(logits - logits.max())
    assert found["label"] == found["labels"][int(logits.argmax())] == found["top"][0]["label"]
    assert found["probability"] == pytest.approx(float(odds.max() / odds.sum()))
    assert len(found["top"]) == 5
    assert sum(one["probability"] for one in found["top"]) == pytest.approx(1, abs=1e-3)


def test_an_accept_that_can_not_be_met_is_refused(model, photo):
    for accept in ("*/*", "application/*", "text/html, application/json;q=0.5"):
        assert ask(model, photo, "image/jpeg", accept)[1] == "application/json"
    with pytest.raises(RequestError, match="can't be text/csv"):
        ask(model, photo, "image/jpeg", "text/csv")


def test_a_link_is_fetched(model, photo, monkeypatch):
    monkeypatch.setattr(inference, "_FETCHER", LinkFetcher(Rules(is_allowed=lambda address: True)))
    with serving(lambda target, client: client.sendall(answer(photo))) as url:
        by_link = ask(model, json.dumps({"url": f"{url}/dog.jpg"}), "application/json")
    assert by_link == ask(model, photo, "image/jpeg")


@pytest.mark.parametrize(
    ("body", "kind", "error"),
    [
        (b"x", "text/plain", RequestError),
        (b"x", None, RequestError),
        ("{", "application/json", RequestError),
        ("[]", "application/json", RequestError),
        ('{"url": 5}', "application/json", RequestError),
        ('{"url": "http://169.254.169.254/latest"}', "application/json", LinkError),
        (b"\xff\xd8\xff", "image/jpeg", PictureError),
        (bomb(60_000, 60_000), "image/png", PictureError),
    ],
)
def test_what_the_caller_can_mend_is_answered_with_400(model, body, kind, error):
    with pytest.raises(error) as caught:
        ask(model, body, kind)
    assert isinstance(caught.value, ClientFault)
    assert caught.value.status_code == 400
    assert str(caught.value)


@pytest.fixture
def zygote(trained: Path, tmp_path: Path) -> Iterator[Zygote]:
    """The model as an endpoint serves it, by the script in its own code folder."""
    one = Zygote(tmp_path / "zygote", {}, {"SM_MODEL_DIR": str(trained / "model")}).start()
    yield one
    one.close()


def test_instances_are_forked_from_the_loaded_model_and_answer_side_by_side(zygote, model, photo):
    ready = zygote.ready()
    assert ready.ask("status")["forks_from"] == "model"
    instances = [ready.fork(f"i{number}") for number in range(3)]
    wanted = json.loads(ask(model, photo, "image/jpeg")[0])

    def invoke(number: int) -> list[list[float]]:
        reply = instances[number % 3].invoke(photo, "image/jpeg")
        assert reply.status == 200, reply.text
        found: list[list[float]] = reply.json
        return found

    with ThreadPoolExecutor(6) as pool:
        for found in pool.map(invoke, range(24)):
            assert np.asarray(found) == pytest.approx(np.asarray(wanted), abs=1e-3)
    for instance in instances:
        assert len(os.listdir(f"/proc/{instance.pid}/task")) == 1
    refused = instances[0].invoke(b"\xff\xd8\xff", "image/jpeg")
    assert refused.status == 400
    assert "The photo" in refused.text


def test_the_name_of_a_server_is_not_looked_up_before_a_request(monkeypatch, trained):
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: pytest.fail("a look-up"))
    inference.model_fn(str(trained / "model"))
