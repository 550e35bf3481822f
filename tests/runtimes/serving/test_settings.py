from __future__ import annotations

from kennel.runtimes.serving.settings import Settings


def test_without_anything_set_the_contracts_own_paths_hold():
    settings = Settings.of({"SAGEMAKER_PROGRAM": "", "SAGEMAKER_SUBMIT_DIRECTORY": ""})
    assert settings.model_dir == "/opt/ml/model"
    assert settings.code_dir == "/opt/ml/model/code"
    assert (settings.program, settings.program_is_default) == ("inference.py", True)
    assert (settings.default_accept, settings.log_level) == ("application/json", 20)


def test_the_base_folder_moves_the_model_and_the_models_own_variable_wins():
    assert Settings.of({"SAGEMAKER_BASE_DIR": "/b"}).model_dir == "/b/model"
    both = {"SAGEMAKER_BASE_DIR": "/b", "SM_MODEL_DIR": "/m"}
    assert Settings.of(both).model_dir == "/m"


def test_code_comes_from_a_local_folder_and_else_from_the_models_own(tmp_path):
    for local in (str(tmp_path), f"file://{tmp_path}"):
        assert Settings.of({"SAGEMAKER_SUBMIT_DIRECTORY": local}).code_dir == str(tmp_path)
    given = {"SAGEMAKER_SUBMIT_DIRECTORY": "s3://bucket/x.tar.gz", "SM_MODEL_DIR": "/m"}
    assert Settings.of(given).code_dir == "/m/code"


def test_numbers_that_are_none_leave_the_default():
    settings = Settings.of(
        {"SAGEMAKER_CONTAINER_LOG_LEVEL": "info", "SAGEMAKER_MAX_PAYLOAD_IN_MB": ""}
    )
    assert (settings.log_level, settings.max_body) == (20, 100 * 1024 * 1024)
