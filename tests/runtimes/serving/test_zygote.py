"""The zygote by its control socket: loading, forking, ends."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import pytest

from tests.runtimes.serving.zygotes import until

ECHO = """
import json, os, random
print("imported", flush=True)
def model_fn(model_dir):
    print("loading from", model_dir)
    return {"factor": 2}
def input_fn(body, content_type):
    return json.loads(body)
def predict_fn(data, model):
    if data == "exit": raise SystemExit(5)
    if data == "abort": os.abort()
    if data == "pid": return os.getpid()
    if data == "random": return [random.random() for _ in range(3)]
    if data == "environ": return dict(os.environ)
    if data == "session": return [os.getsid(0), os.getpgid(0), os.getcwd()]
    return data * model["factor"]
def output_fn(prediction, accept):
    return json.dumps(prediction)
"""
JSON = "application/json"
GATED = """
import os, time
def model_fn(model_dir):
    while not os.path.exists(os.path.join(model_dir, "go")):
        time.sleep(0.005)
    return 1
def transform_fn(model, body, content_type, accept):
    return str(model)
"""
THREADED = """
import os, threading
event = threading.Event()
def model_fn(model_dir):
    threading.Thread(target=event.wait, daemon=True).start()
    while os.path.exists(os.path.join(model_dir, "wait")):
        pass
    if os.path.exists(os.path.join(model_dir, "fail")):
        raise RuntimeError("no second time")
    return os.getpid()
def transform_fn(model, body, content_type, accept):
    event.set()
    return f"{model} {os.getpid()}"
"""


def test_status_is_answered_while_the_model_loads(zygote):
    one = zygote(GATED)
    assert one.ask("status") == {
        "ok": True,
        "state": "loading",
        "error": None,
        "forks_from": None,
        "threads": None,
        "instances": [],
    }
    refused = one.ask("fork", name="a", folder=str(one.folder))
    assert refused == {"ok": False, "error": "Nothing can be forked: the model is loading."}
    (one.model / "go").touch()
    status = one.loaded()
    assert (status["state"], status["forks_from"], status["threads"]) == ("ready", "model", 1)


def test_instances_answer_from_the_model_that_was_loaded_once(zygote):
    one = zygote(ECHO).ready()
    first, second = one.fork("first"), one.fork("second")
    assert first.invoke('"ab"', JSON).json == "abab"
    assert second.invoke("21", JSON).json == 42
    assert [i.invoke('"pid"', JSON).json for i in (first, second)] == [first.pid, second.pid]
    assert one.log.count("loading from") == 1


def test_an_instance_is_a_process_of_its_own_with_a_record_and_a_log(zygote):
    one = zygote(ECHO).ready()
    inst = one.fork("a", environment={"MINE": "1"})
    record = json.loads((inst.folder / "process.json").read_text())
    stat = Path(f"/proc/{inst.pid}/stat").read_text().rpartition(")")[2].split()
    assert (record["pid"], record["start"]) == (inst.pid, inst.start_time)
    assert int(stat[19]) == inst.start_time
    assert int(stat[1]) == one.process.pid
    assert record["zygote_pid"] == one.process.pid
    session = inst.invoke('"session"', JSON).json
    assert session == [inst.pid, inst.pid, str(one.model)]
    assert inst.invoke('"environ"', JSON).json["MINE"] == "1"
    inst.invoke("not json", JSON)
    assert "JSONDecodeError" in inst.log
    assert "JSONDecodeError" not in one.log
    listing = one.ask("status")["instances"]
    expected = {"pid": inst.pid, "start_time": inst.start_time, "socket": inst.socket}
    assert listing == [{"name": "a", **expected}]


def test_forks_draw_different_random_numbers(zygote):
    one = zygote(ECHO).ready()
    drawn = [one.fork(f"i{n}").invoke('"random"', JSON).json for n in range(3)]
    assert len({tuple(numbers) for numbers in drawn}) == 3


@pytest.mark.parametrize(
    ("order", "code", "number"), [('"exit"', 5, None), ('"abort"', 134, signal.SIGABRT)]
)
def test_code_that_ends_its_process_ends_that_instance_alone(zygote, order, code, number):
    one = zygote(ECHO).ready()
    victim, other = one.fork("victim"), one.fork("other")
    with pytest.raises(ConnectionError):
        victim.invoke(order, JSON)
    end = victim.exit()
    assert (end["code"], end["signal"], end["lost"]) == (code, number, False)
    assert end["started"] <= end["ended"]
    assert other.invoke("1", JSON).json == 2
    assert [entry["name"] for entry in one.ask("status")["instances"]] == ["other"]
    assert one.fork("third").invoke("2", JSON).json == 4


def test_a_killed_instance_leaves_an_exit_record_in_the_engines_form(zygote):
    one = zygote(ECHO).ready()
    inst = one.fork("a")
    os.kill(inst.pid, signal.SIGKILL)
    assert inst.exit().keys() == {
        "code", "signal", "out_of_memory", "lost", "started", "ended", "cpu_seconds",
        "peak_memory_bytes",
    }  # fmt: skip
    assert (inst.exit()["code"], inst.exit()["signal"]) == (137, 9)
    assert inst.exit()["out_of_memory"] is False


def test_a_signal_goes_to_the_instance_by_its_name(zygote):
    one = zygote(ECHO).ready()
    first, second = one.fork("first"), one.fork("second")
    assert one.ask("signal", name="first", signal="TERM")["ok"]
    assert first.exit()["code"] == 0
    assert one.ask("signal", name="second", signal="KILL")["ok"]
    assert second.exit()["code"] == 137
    until(lambda: not one.ask("status")["instances"])
    assert one.ask("signal", name="first", signal="TERM")["error"] == "There is no instance first."
    assert "must be one of" in one.ask("signal", name="first", signal="HUP")["error"]


def test_the_plane_may_come_and_go(zygote):
    one = zygote(ECHO).ready()
    one.fork("a")
    one.send({"op": "fork", "name": "b", "folder": str(one.folder)})
    one.connect()  # before the answer
    names = until(lambda: [entry["name"] for entry in one.ask("status")["instances"]][1:])
    assert names == ["b"]


def test_requests_that_make_no_sense_are_refused_and_the_next_is_answered(zygote):
    one = zygote(ECHO).ready()
    inst = one.fork("a")
    folder = str(inst.folder)
    cases = [
        ({"op": "dance"}, "There is no operation 'dance'"),
        ({"op": "fork", "name": "b", "folder": "/nowhere/x"}, "/nowhere/x"),
        ({"op": "fork", "folder": folder}, "needs a name"),
        ({"op": "fork", "name": "a", "folder": folder}, "There is an instance a already"),
        ({"op": "fork", "name": "b", "folder": folder, "environment": {"A": 1}}, "strings"),
        (["not", "an", "object"], "one JSON object a line"),
    ]
    for message, error in cases:
        one.send(message)
        answer = json.loads(one._stream.readline())
        assert answer["ok"] is False
        assert error in answer["error"]
    assert one.ask("status")["ok"]


def test_a_fork_that_can_not_settle_in_says_why(zygote):
    one = zygote(ECHO).ready()
    folder = one.folder / "a"
    (folder / "log").mkdir(parents=True)
    answer = one.ask("fork", name="a", folder=str(folder))
    assert answer["ok"] is False
    assert "IsADirectoryError" in answer["error"]
    assert one.ask("status")["instances"] == []
    inst = one.fork("b", cgroup_procs=[])
    inst.wait_for_ping()


def test_an_instance_joins_the_control_groups_it_is_given(zygote, tmp_path):
    group = tmp_path / "group"
    group.mkdir()
    (group / "cgroup.procs").touch()
    (group / "memory.events").write_text("low 0\noom_kill 1\n")
    one = zygote(ECHO).ready()
    inst = one.fork("a", cgroup_procs=[str(group / "cgroup.procs")])
    assert (group / "cgroup.procs").read_text() == "0"
    os.kill(inst.pid, signal.SIGKILL)
    assert inst.exit()["out_of_memory"] is True


def test_paths_longer_than_a_socket_address_work(zygote, tmp_path):
    one = zygote(ECHO).ready()
    deep = one.folder / ("x" * 120)
    deep.mkdir()
    answer = one.ask("fork", name="a", folder=str(deep))
    assert answer["ok"], answer
    assert answer["socket"] == str(deep / "socket")
    from tests.runtimes.serving.zygotes import Instance

    assert Instance("a", deep, answer).invoke("1", JSON).json == 2


@pytest.mark.parametrize("way", ["stop", "signal"])
def test_stopping_drains_every_instance_and_ends_with_nothing_left(zygote, way):
    one = zygote(ECHO).ready()
    instances = [one.fork("a"), one.fork("b")]
    if way == "stop":
        assert one.ask("stop") == {"ok": True}
    else:
        one.process.terminate()
    assert one.process.wait(30) == 0
    assert [inst.exit()["code"] for inst in instances] == [0, 0]
    assert not (one.folder / "control").exists()


def test_stopping_while_the_model_loads_ends_at_once(zygote):
    one = zygote(GATED)
    assert one.ask("status")["state"] == "loading"
    one.process.terminate()
    assert one.process.wait(30) == 0


def test_instances_never_outlive_the_zygote(zygote):
    one = zygote(ECHO).ready()
    inst = one.fork("a")
    one.process.kill()
    one.process.wait()
    until(lambda: not Path(f"/proc/{inst.pid}").exists())


@pytest.mark.parametrize(
    ("script", "error"),
    [
        ("def model_fn(d): raise RuntimeError('size mismatch')", "RuntimeError: size mismatch"),
        ("import nothing_of_the_kind", "No module named 'nothing_of_the_kind'"),
        ("def model_fn(a, b, c): pass", "model_fn takes 3 arguments but 1 are given"),
        ("def model_fn(d): raise SystemExit(3)", "SystemExit: 3"),
        ("import os\ndef model_fn(d): os._exit(9)", "ended with exit code 9"),
        ("import os\ndef model_fn(d): os.abort()", "was loading the model ended on SIGABRT"),
        (
            "def transform_fn(a, b, c, d): pass\ndef input_fn(a, b): pass",
            "Cannot use transform_fn implementation in conjunction with input_fn",
        ),
    ],
)
def test_a_model_that_does_not_load_is_failed_and_says_why(zygote, script, error):
    one = zygote(script)
    status = one.loaded()
    assert status["state"] == "failed"
    assert error in status["error"]
    refused = one.ask("fork", name="a", folder=str(one.folder))["error"]
    assert "Nothing can be forked: the model is failed" in refused
    assert error in refused
    if "exit" not in script and "abort" not in script:
        assert "Traceback" in one.log


def test_a_script_that_was_named_must_be_there(zygote):
    status = zygote(ECHO, SAGEMAKER_PROGRAM="other.py").loaded()
    assert "The inference script other.py is not in" in status["error"]


def test_the_script_may_have_another_name_and_lie_deeper(zygote):
    one = zygote({}, start=False, SAGEMAKER_PROGRAM="src/serve.py", SAGEMAKER_SUBMIT_DIRECTORY="")
    (one.model / "code" / "src").mkdir()
    (one.model / "code" / "src" / "serve.py").write_text("import mine\n" + ECHO)
    (one.model / "code" / "src" / "mine.py").touch()
    inst = one.start().ready().fork("a")
    assert inst.invoke("3", JSON).json == 6


def test_a_template_that_dies_later_is_reported_and_its_instances_go_on(zygote):
    one = zygote(ECHO).ready()
    inst = one.fork("a")
    template = next(
        int(pid)
        for pid in Path(f"/proc/{one.process.pid}/task/{one.process.pid}/children")
        .read_text()
        .split()
        if int(pid) != inst.pid
    )
    os.kill(template, signal.SIGKILL)
    until(lambda: one.ask("status")["state"] == "failed")
    assert "held the model ended on SIGKILL" in one.ask("status")["error"]
    assert inst.invoke("4", JSON).json == 8


def test_code_that_starts_threads_makes_each_instance_load_for_itself(zygote):
    one = zygote(THREADED).ready()
    status = one.ask("status")
    assert (status["forks_from"], status["threads"]) == ("interpreter", 2)
    first, second = one.fork("first"), one.fork("second")
    for inst in (first, second):
        inst.wait_for_ping()
        assert inst.invoke("x").text == f"{inst.pid} {inst.pid}"
    one.ask("stop")
    assert first.exit()["code"] == 0


def test_ping_says_that_an_instance_is_still_loading(zygote):
    one = zygote(THREADED).ready()
    (one.model / "wait").touch()
    inst = one.fork("a")
    answer = inst.ask("GET", "/ping")
    assert answer.status == 503
    assert answer.text == "The model is still loading.\n"
    (one.model / "wait").unlink()
    inst.wait_for_ping()


def test_an_instance_that_fails_to_load_ends_with_its_traceback(zygote):
    one = zygote(THREADED).ready()
    (one.model / "fail").touch()
    inst = one.fork("a")
    assert inst.exit()["code"] == 1
    assert "RuntimeError: no second time" in inst.log


def test_a_loading_instance_ends_on_sigterm(zygote):
    one = zygote(THREADED).ready()
    (one.model / "wait").touch()
    inst = one.fork("a")
    assert inst.ask("GET", "/ping").status == 503
    one.ask("signal", name="a", signal="TERM")
    assert inst.exit()["signal"] == signal.SIGTERM


def test_what_a_script_logs_and_prints_is_in_the_log(zygote):
    script = """
import logging
logging.getLogger("mine").info("information")
logging.getLogger("mine").debug("details")
def model_fn(d): print("printed"); return 0
def transform_fn(m, b, c, a): print("asked"); return "x"
"""
    one = zygote(script, SAGEMAKER_CONTAINER_LOG_LEVEL="20").ready()
    assert "information" in one.log
    assert "printed" in one.log
    assert "details" not in one.log
    inst = one.fork("a")
    inst.invoke("x")
    assert inst.log == "asked\n"


@pytest.mark.parametrize(
    ("made", "objection"),
    [
        ("socket.socketpair()", "left a connection open"),
        ("open(__file__)", "left a file open for reading"),
        ("open(os.devnull)", None),
        ("open(os.path.join(d, 'written'), 'w')", None),
        ("mmap.mmap(-1, 4096)", None),
    ],
)
def test_what_two_forks_would_fight_over_is_not_forked(zygote, made, objection):
    script = f"""
import mmap, os, socket
def model_fn(d): return {made}
def transform_fn(m, b, c, a): return "x"
"""
    one = zygote(script).ready()
    forks_from = one.ask("status")["forks_from"]
    assert forks_from == ("interpreter" if objection else "model")
    assert (objection or "the model was loaded") in one.log
