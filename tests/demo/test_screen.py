from __future__ import annotations

import io

import pytest
from rich.console import Console
from rich.table import Table

from kennel.demo.screen import Screen


def test_off_a_terminal_there_are_plain_lines_only():
    output = io.StringIO()
    screen = Screen(Console(file=output))
    with screen.step("upload", "Upload") as step:
        step.status("on its way")
        step.live(Table("nothing of this"))
        for done in range(1, 101):
            step.count("photos", done, 100)
    lines = output.getvalue().splitlines()
    assert "\x1b" not in output.getvalue()
    assert lines[0] == "Upload ..."
    assert lines[1:5] == [f"  photos: {done} of 100" for done in (25, 50, 75, 100)]
    assert lines[5].startswith("✓ Upload")
    assert screen.seconds.keys() == {"upload"}


def test_on_a_terminal_the_live_region_goes_and_notes_stay():
    output = io.StringIO()
    screen = Screen(Console(file=output, force_terminal=True, width=80))
    with screen.step("tuning", "Tune") as step:
        step.live(Table("trial"))
        step.count("photos", 1, 2)
        step.note("a note")
        step.plain("for pipes")
    assert "a note" in output.getvalue()
    assert "for pipes" not in output.getvalue()


def test_a_step_that_fails_has_no_duration_and_no_tick():
    output = io.StringIO()
    screen = Screen(Console(file=output))
    with pytest.raises(RuntimeError), screen.step("upload", "Upload"):
        raise RuntimeError
    assert screen.seconds == {}
    assert "✓" not in output.getvalue()
