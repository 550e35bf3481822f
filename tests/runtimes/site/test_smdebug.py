"""What stands in for smdebug, as scripts use it."""

from __future__ import annotations

SCRIPT = """
import torch
import smdebug.pytorch as smd
from smdebug import modes
from smdebug.profiler.utils import str2bool

assert smd.get_hook() is None
hook = smd.Hook.create_from_json_file()
smd.set_hook(hook)
assert smd.get_hook(create_if_not_exists=True) is hook
model, loss = torch.nn.Linear(2, 2), torch.nn.MSELoss()
hook.register_hook(model)
hook.register_module(model)
hook.register_loss(loss)
hook.set_mode(smd.modes.TRAIN)
hook.set_mode(modes.EVAL)
loss(model(torch.ones(1, 2)), torch.ones(1, 2)).backward()
hook.save_scalar("loss", 1.0, sm_metric=True)
own = smd.Hook(
    out_dir="/tmp/x",
    save_config=smd.SaveConfig(mode_save_configs={modes.TRAIN: smd.SaveConfigMode(10)}),
    reduction_config=smd.ReductionConfig(["mean"]),
    include_collections=[smd.CollectionKeys.LOSSES],
)
own.get_collection("relu").include("relu_.*")
own.close()
smd.del_hook()
assert smd.get_hook() is None
print("done", str2bool("True"), str2bool("no"))
"""


def test_a_script_that_uses_hooks_runs_and_its_log_says_that_nothing_is_recorded(python):
    done = python(SCRIPT)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "done True False\n"
    [sentence] = [line for line in done.stderr.splitlines() if line.startswith("[kennel]")]
    assert "smdebug is not installed" in sentence
    assert "record nothing" in sentence


def test_tensors_that_were_never_recorded_can_t_be_read(python):
    done = python("from smdebug.trials import create_trial\ncreate_trial('s3://b/tensors')")
    assert done.returncode == 1
    assert "RuntimeError: No tensors can be read from s3://b/tensors" in done.stderr


def test_a_mode_is_checked(python):
    done = python("import smdebug.pytorch as smd\nsmd.Hook().set_mode('train')")
    assert "ValueError: Invalid mode train. Valid modes are TRAIN, EVAL" in done.stderr


def test_an_smdebug_that_is_installed_comes_first(python, tmp_path):
    (tmp_path / "smdebug").mkdir()
    (tmp_path / "smdebug" / "__init__.py").write_text("print('the real one')")
    done = python("import smdebug")
    assert (done.stdout, done.stderr) == ("the real one\n", "")


def test_nothing_else_is_stood_in_for(python):
    done = python("import smdebug_rulesconfig")
    assert "ModuleNotFoundError: No module named 'smdebug_rulesconfig'" in done.stderr
