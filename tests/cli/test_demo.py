from __future__ import annotations

import pytest

from tests.demo.photos import make_photos


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--data", "nowhere"], "There is no folder nowhere."),
        (["--data", "."], "has no folder train and no valid and no test"),
        (["--trials", "0"], "--trials must be a number from 1 to 100, not '0'"),
        (["--trials", "many"], "--trials must be a number from 1 to 100, not 'many'"),
        (["--data", "dogs", "--json", "no/folder/report.json"], "can't be written"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_can_not_be_done_as_asked_is_said_before_anything_starts(
    kennel, tmp_path, monkeypatch, options, sentence
):
    make_photos(tmp_path / "dogs")
    monkeypatch.chdir(tmp_path)
    answer = kennel("demo", *options)
    assert answer.returncode == 2
    assert sentence in answer.stderr
    assert len(answer.stderr.splitlines()) == 1
    assert not (tmp_path / "demo-output" / "state").exists()


def test_help_says_which_folder_a_plane_of_the_demos_own_gets(kennel):
    answer = kennel("demo", "--help")
    assert "starts one on the folder that --state gives" in answer.stdout
