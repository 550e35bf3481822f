"""The toolkit by running it: real scripts, real processes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.runtimes.training.jobs import Job

REPORT = """
import json, os, sys
out = os.path.join(os.environ["SM_OUTPUT_DATA_DIR"], "seen.json")
with open(out, "w") as file:
    json.dump({"argv": sys.argv, "environ": dict(os.environ), "cwd": os.getcwd()}, file)
print("Testing Loss: 1.25")
print("to stderr", file=sys.stderr)
"""


@pytest.fixture
def job(tmp_path: Path) -> Job:
    return Job(tmp_path / "ml")


def test_a_script_gets_the_whole_contract(job):
    job.source({"train.py": REPORT})
    job.hyperparameters |= {
        "learning_rate": '"0.01"',
        "batch-size": "64",
        "x": "true",
        "sagemaker_region": '"eu-west-1"',
        "sagemaker_job_name": '"job-1"',
        "sagemaker_container_log_level": "20",
        "_tuning_objective_metric": '"Test Loss"',
    }
    job.channels = {"training": {"TrainingInputMode": "File"}, "eval": {}}
    job.resources |= {
        "current_instance_type": "ml.m5.xlarge",
        "current_group_name": "homogeneousCluster",
        "instance_groups": [
            {
                "instance_group_name": "homogeneousCluster",
                "instance_type": "ml.m5.xlarge",
                "hosts": ["algo-1"],
            }
        ],
        "network_interface_name": "eth1",
    }
    code, log = job.run()
    assert code == 0, log
    seen = job.output("seen.json")
    environ, base = seen["environ"], str(job.base)
    arguments = ["--batch-size", "64", "--learning_rate", "0.01", "-x", "True"]
    assert seen["argv"] == ["train.py", *arguments]
    assert seen["cwd"] == f"{base}/code"
    expected = {
        "SM_MODEL_DIR": f"{base}/model",
        "SM_OUTPUT_DATA_DIR": f"{base}/output/data",
        "SM_OUTPUT_DIR": f"{base}/output",
        "SM_OUTPUT_INTERMEDIATE_DIR": f"{base}/output/intermediate",
        "SM_INPUT_DIR": f"{base}/input",
        "SM_INPUT_CONFIG_DIR": f"{base}/input/config",
        "SM_CHANNELS": '["eval","training"]',
        "SM_CHANNEL_TRAINING": f"{base}/input/data/training",
        "SM_CHANNEL_EVAL": f"{base}/input/data/eval",
        "SM_HPS": '{"batch-size":64,"learning_rate":"0.01","x":true}',
        "SM_HP_LEARNING_RATE": "0.01",
        "SM_HP_BATCH-SIZE": "64",
        "SM_HP_X": "true",
        "SM_USER_ARGS": json.dumps(arguments, separators=(",", ":")),
        "SM_HOSTS": '["algo-1"]',
        "SM_CURRENT_HOST": "algo-1",
        "SM_CURRENT_INSTANCE_TYPE": "ml.m5.xlarge",
        "SM_CURRENT_INSTANCE_GROUP": "homogeneousCluster",
        "SM_CURRENT_INSTANCE_GROUP_HOSTS": '["algo-1"]',
        "SM_INSTANCE_GROUPS": '["homogeneousCluster"]',
        "SM_IS_HETERO": "false",
        "SM_MODULE_DIR": "s3://bucket/job/sourcedir.tar.gz",
        "SM_MODULE_NAME": "train",
        "SM_USER_ENTRY_POINT": "train.py",
        "SM_FRAMEWORK_MODULE": "sagemaker_pytorch_container.training:main",
        "SM_FRAMEWORK_PARAMS": "{}",
        "SM_LOG_LEVEL": "20",
        "SM_NETWORK_INTERFACE_NAME": "eth1",
        "SM_NUM_CPUS": str(len(os.sched_getaffinity(0))),
        "SM_NUM_NEURONS": "0",
        "SM_INPUT_DATA_CONFIG": '{"eval":{},"training":{"TrainingInputMode":"File"}}',
        "MASTER_ADDR": "algo-1",
        "MASTER_PORT": "7777",
        "CURRENT_HOST": "algo-1",
        "SAGEMAKER_REGION": "eu-west-1",
        "SAGEMAKER_JOB_NAME": "job-1",
        "PYTHONUNBUFFERED": "1",
        "ORT_DISABLE_TELEMETRY": "1",
        "OMP_NUM_THREADS": "1",
        "MKL_NUM_THREADS": "1",
    }
    assert {name: environ.get(name) for name in expected} == expected
    assert json.loads(environ["SM_RESOURCE_CONFIG"]) == job.resources
    training = json.loads(environ["SM_TRAINING_ENV"])
    assert training["hyperparameters"] == json.loads(environ["SM_HPS"])
    assert training["job_name"] == "job-1"
    assert training["is_master"] is True
    assert training["channel_input_dirs"]["eval"] == f"{base}/input/data/eval"


def test_the_log_has_the_toolkits_lines_around_the_scripts_own(job):
    code, log = job.source({"train.py": REPORT}).run()
    assert code == 0
    lines = [
        "sagemaker-training-toolkit INFO     Invoking user script",
        "Training Env:",
        "Environment variables:",
        f"SM_MODEL_DIR={job.base}/model",
        "Invoking script with the following command:",
        f"{job.base}/overlay/bin/python train.py",
        "Testing Loss: 1.25",
        "to stderr",
        "Reporting training SUCCESS",
    ]
    positions = [log.index(line) for line in lines]
    assert positions == sorted(positions)
    assert (job.base / "output" / "success").exists()
    assert not (job.base / "output" / "failure").exists()


def test_the_threads_that_were_asked_for_reach_the_script(job):
    job.environment = {"OMP_NUM_THREADS": "2", "MKL_NUM_THREADS": "3"}
    job.source({"train.py": REPORT}).run()
    environ = job.output("seen.json")["environ"]
    names = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
    assert [environ[name] for name in names] == ["2", "3", "2"]


def test_a_script_that_throws_leaves_its_message_and_its_code(job):
    script = "print('UserWarning: no ImportError here')\nraise ValueError('bad rate')\n"
    job.hyperparameters["lr"] = "3"
    code, log = job.source({"train.py": script}).run()
    assert code == 1
    command = log.split("following command:\n\n")[1].split("\n")[0]
    assert job.failure == (
        "ExecuteUserScriptError:\nExitCode 1\n"
        "ErrorMessage \"raise ValueError('bad rate')\n ValueError: bad rate\"\n"
        f'Command "{command}"'
    )
    assert command == f"{job.base}/overlay/bin/python train.py --lr 3"
    assert "Reporting training FAILURE" in log


def test_the_exit_code_is_the_scripts(job):
    code, _ = job.source({"train.py": "import sys; sys.exit(42)"}).run()
    assert code == 42
    assert "ExitCode 42" in job.failure


def test_a_killed_script_says_that_memory_may_be_why(job):
    code, _ = job.source({"train.py": "import os; os.kill(os.getpid(), 9)"}).run()
    assert code == 137
    assert 'ExtraInfo "OutOfMemory: Process killed by SIGKILL (signal 9)"' in job.failure


def test_a_failure_file_that_the_script_wrote_is_kept(job):
    script = """
import os, sys
with open(os.environ["SM_OUTPUT_DIR"] + "/failure", "w") as file: file.write("my own words")
sys.exit(3)
"""
    assert job.source({"train.py": script}).run()[0] == 3
    assert job.failure == "my own words"


def test_a_shell_script_is_a_command_with_the_same_arguments(job):
    script = '#!/bin/sh\nfor one in "$@"; do echo "<$one>"; done\necho "in $SM_MODEL_DIR"\n'
    job.hyperparameters["name"] = '"a b"'
    code, log = job.source({"train.sh": script}, "train.sh").run()
    assert code == 0, log
    assert "<--name>\n<a b>\n" in log
    assert f"in {job.base}/model" in log


def test_a_package_is_installed_and_run_as_a_module(job):
    files = {
        "setup.py": "from setuptools import setup\n"
        "setup(name='mine', version='1', packages=['mine'], package_data={'': ['*']})",
        "mine/__init__.py": "",
        "mine/__main__.py": "import sys, mine; print('ran', mine.__file__, sys.argv[1:])",
    }
    job.hyperparameters["n"] = "1"
    code, log = job.source(files, "mine").run()
    assert code == 0, log
    assert "ran " in log
    assert "['-n', '1']" in log


def test_a_local_folder_may_be_the_source(job, tmp_path):
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "train.py").write_text("print('from a folder')")
    job.hyperparameters = {"sagemaker_program": "train.py"}
    job.environment = {"SAGEMAKER_SUBMIT_DIRECTORY": str(folder)}
    code, log = job.run()
    assert code == 0, log
    assert "from a folder" in log


def test_an_archive_that_reaches_outside_is_refused_before_anything_runs(job):
    code, _ = job.source({"train.py": "print('ran')", "../../evil.py": ""}).run()
    assert code == 1
    assert job.failure.startswith("SourceError: The archive sourcedir.tar.gz is refused: its ")
    assert "'..' in its path" in job.failure
    assert not (job.base / "code").exists()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"sagemaker_program": '"other.py"'}, "The entry point other.py is not in the source"),
        ({"sagemaker_program": '""'}, "The job names no script"),
        ({"sagemaker_mpi_enabled": "true"}, "asks for a launcher that Kennel does not have"),
    ],
)
def test_what_can_not_run_says_so_and_what_to_do(job, change, message):
    job.source({"train.py": ""})
    job.hyperparameters |= change
    assert job.run()[0] == 1
    assert message in job.failure


def test_a_broken_configuration_is_named(job):
    job.source({"train.py": ""}).run()
    (job.base / "output" / "success").unlink()
    job.resources = []
    assert job.run()[0] == 1
    assert "resourceconfig.json must hold a JSON object" in job.failure


def test_a_job_that_is_started_again_keeps_the_code_that_is_there(job):
    job.source({"train.py": "print('first')"})
    assert job.run()[0] == 0
    (job.base / "code" / "train.py").write_text("print('second')")
    assert "second" in job.run()[1]


def wait_for(process: subprocess.Popen[str], line: str) -> None:
    assert process.stdout is not None
    while line not in process.stdout.readline():
        assert process.poll() is None


GRACEFUL = """
import os, signal, sys, time
def save(*_):
    print("saving", flush=True)
    time.sleep(0.2)
    print("saved", flush=True)
    sys.exit(7)
signal.signal(signal.SIGTERM, save)
print("ready", flush=True)
while True:
    time.sleep(0.05)
"""


@pytest.mark.parametrize("whole_group", [True, False])
def test_sigterm_reaches_the_script_once_and_its_code_is_the_jobs(job, whole_group):
    with job.source({"train.py": GRACEFUL}).start() as process:
        wait_for(process, "ready")
        (os.killpg if whole_group else os.kill)(process.pid, signal.SIGTERM)
        rest = process.communicate()[0]
    assert process.returncode == 7
    assert rest.startswith("saving\nsaved\n")
    assert "ExitCode 7" in job.failure


def test_a_script_without_a_handler_ends_on_sigterm(job):
    script = "import time\nprint('ready', flush=True)\nwhile True: time.sleep(1)"
    with job.source({"train.py": script}).start() as process:
        wait_for(process, "ready")
        process.terminate()
        process.communicate()
    assert process.returncode == 128 + signal.SIGTERM


def test_a_script_never_outlives_the_toolkit(job):
    script = "import os, time\nprint('pid', os.getpid(), flush=True)\ntime.sleep(600)"
    with job.source({"train.py": script}).start() as process:
        assert process.stdout is not None
        pid = next(int(line.split()[1]) for line in process.stdout if line.startswith("pid "))
        process.kill()
        process.communicate()
    deadline = time.monotonic() + 20
    while is_running(pid):
        assert time.monotonic() < deadline, "the script lives on"
        time.sleep(0.01)


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_a_worker_that_was_left_behind_does_not_keep_the_job(job):
    script = """
import subprocess
worker = subprocess.Popen(["sleep", "600"])
print("worker", worker.pid)
worker.returncode = 0
"""
    with job.source({"train.py": script}).start() as process:
        assert process.stdout is not None
        worker = next(int(line.split()[1]) for line in process.stdout if line.startswith("worker "))
        try:
            assert process.wait(30) == 0
        finally:
            os.kill(worker, signal.SIGKILL)
