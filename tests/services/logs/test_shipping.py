from __future__ import annotations

import sqlite3
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from kennel.clock import SimulatedClock
from kennel.services import Context
from kennel.services.logs import LogLine, Shipment, offsets, shipment
from tests.planes import wait_until
from tests.services.logs.conftest import StageFactory
from tests.services.logs.stage import Stage

GROUP, STREAM = "/aws/sagemaker/TrainingJobs", "job/algo-1"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "state" / "jobs" / "log"


def ship(stage: Stage, file: Path, **options: Any) -> Shipment:
    return stage.logs.shipper.ship(
        file, group=GROUP, stream=STREAM, principal=stage.role, **options
    )


def write(file: Path, text: str | bytes) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("ab") as log:
        log.write(text.encode() if isinstance(text, str) else text)


def shipped(stage: Stage) -> list[str]:
    """What is in the stream, [] while there is no stream."""
    groups = stage.call("DescribeLogGroups", logGroupNamePrefix=GROUP)["logGroups"]
    if not groups or not stage.call("DescribeLogStreams", logGroupName=GROUP)["logStreams"]:
        return []
    return stage.messages(GROUP, STREAM)


def test_lines_appear_in_the_stream_while_the_file_grows(stage: Stage, file: Path) -> None:
    running = ship(stage, file)
    write(file, "one\ntwo\nhal")
    wait_until(lambda: shipped(stage) == ["one", "two"])
    write(file, "f\n")
    wait_until(lambda: shipped(stage) == ["one", "two", "half"])
    assert running.offset == 13


def test_drain_ships_all_the_rest_and_ends_the_shipment(stage: Stage, file: Path) -> None:
    running = ship(stage, file)
    write(file, "one\n" * 25_000 + "no newline")
    assert running.drain()
    assert shipped(stage) == ["one"] * 25_000 + ["no newline"]
    ship(stage, file).close()  # the file may be followed again


def test_a_file_that_never_comes_drains_to_nothing(stage: Stage, file: Path) -> None:
    assert ship(stage, file).drain()
    assert shipped(stage) == []


def test_a_second_shipment_of_a_file_is_an_error(stage: Stage, file: Path) -> None:
    ship(stage, file)
    with pytest.raises(ValueError, match="shipped already"):
        ship(stage, file)
    with pytest.raises(ValueError, match="shipped already"):
        ship(stage, file, new=True)


def test_lines_are_put_as_the_role(make_stage: StageFactory, file: Path) -> None:
    callers: list[tuple[str, str]] = []

    def record(context: Context, operation: str) -> bool:
        callers.append((operation, context.principal.arn))
        return False

    stage = make_stage(denies=record)
    write(file, "line\n")
    ship(stage, file).drain()
    assert callers == [
        (operation, stage.role.arn)
        for operation in ("PutLogEvents", "CreateLogGroup", "CreateLogStream", "PutLogEvents")
    ]


def test_a_region_other_than_the_planes_gets_the_stream(stage: Stage, file: Path) -> None:
    write(file, "line\n")
    ship(stage, file, region="eu-west-1").drain()
    page = stage.call("GetLogEvents", region="eu-west-1", logGroupName=GROUP, logStreamName=STREAM)
    assert [event["message"] for event in page["events"]] == ["line"]


def test_a_role_that_may_not_write_loses_its_lines_and_nothing_else(
    make_stage: StageFactory, file: Path
) -> None:
    denied = True
    stage = make_stage(denies=lambda context, operation: denied and context.principal.role_arn)
    seen: list[str] = []
    running = ship(stage, file, on_lines=lambda lines: seen.extend(line.text for line in lines))
    write(file, "lost\n")
    running.flush()
    denied = False
    write(file, "kept\n")
    assert running.drain()
    assert shipped(stage) == ["kept"]
    assert seen == ["lost", "kept"]


def test_a_role_may_write_to_a_group_that_it_could_not_make(
    make_stage: StageFactory, file: Path
) -> None:
    stage = make_stage(
        denies=lambda context, operation: (
            operation == "CreateLogGroup" and bool(context.principal.role_arn)
        )
    )
    stage.call("CreateLogGroup", logGroupName=GROUP)
    write(file, "line\n")
    ship(stage, file).drain()
    assert shipped(stage) == ["line"]


def test_a_stream_that_was_deleted_is_made_again(stage: Stage, file: Path) -> None:
    running = ship(stage, file)
    write(file, "one\n")
    running.flush()
    stage.call("DeleteLogStream", logGroupName=GROUP, logStreamName=STREAM)
    write(file, "two\n")
    running.drain()
    assert shipped(stage) == ["two"]


def test_the_subscriber_gets_each_line_with_its_offset_and_time(
    stage: Stage, file: Path, clock: SimulatedClock
) -> None:
    lines: list[LogLine] = []
    running = ship(stage, file, on_lines=lines.extend)
    write(file, "one\n\n")
    running.flush()
    clock.advance(5)
    write(file, "two\n")
    running.drain()
    start = clock.wall() - 5
    assert lines == [LogLine(0, start, "one"), LogLine(5, start + 5, "two")]


def test_a_subscriber_that_fails_does_not_hold_the_log_up(stage: Stage, file: Path) -> None:
    def fail(lines: Sequence[LogLine]) -> None:
        raise RuntimeError("no such metric")

    write(file, "one\n")
    assert ship(stage, file, on_lines=fail).drain()
    assert shipped(stage) == ["one"]


def test_the_next_plane_goes_on_where_this_one_was(make_stage: StageFactory, file: Path) -> None:
    first = make_stage()
    running = ship(first, file)
    write(file, "one\ntwo\nthr")
    running.flush()
    first.logs.stop()
    write(file, "ee\n")
    second = make_stage()
    lines: list[LogLine] = []
    ship(second, file, on_lines=lines.extend).drain()
    assert shipped(second) == ["one", "two", "three"]
    assert [(line.offset, line.text) for line in lines] == [(8, "three")]


def test_a_state_folder_that_was_moved_goes_on_where_it_was(
    make_stage: StageFactory, tmp_path: Path, file: Path
) -> None:
    first = make_stage()
    write(file, "one\n")
    ship(first, file).drain()
    first.logs.stop()
    (tmp_path / "state").rename(tmp_path / "moved")
    second = Stage(tmp_path / "moved")
    second.logs.start()
    try:
        moved = tmp_path / "moved" / "jobs" / "log"
        write(moved, "two\n")
        ship(second, moved).drain()
        assert shipped(second) == ["one", "two"]
    finally:
        second.logs.stop()


def test_a_new_file_at_an_old_place_is_shipped_from_its_beginning(stage: Stage, file: Path) -> None:
    write(file, "old old old\n")
    ship(stage, file).drain()
    file.unlink()
    write(file, "new\n")
    ship(stage, file, new=True).drain()
    assert shipped(stage) == ["old old old", "new"]


def test_files_that_are_no_more_are_forgotten_at_the_start(
    make_stage: StageFactory, file: Path, tmp_path: Path
) -> None:
    first = make_stage()
    kept = tmp_path / "elsewhere"
    for path in (file, kept):
        write(path, "x\n")
        ship(first, path).drain()
    first.logs.stop()
    file.unlink()
    second = make_stage()
    assert second.logs._database.read(offsets.files) == [str(kept)]
    second.logs.shipper.forget(kept)
    assert second.logs._database.read(offsets.files) == []


def test_a_file_that_got_shorter_doubles_no_line(stage: Stage, file: Path) -> None:
    write(file, "one\ntwo\n")
    ship(stage, file).drain()
    file.write_text("one\n")
    ship(stage, file).drain()
    write(file, "TWO\nthree\n")
    ship(stage, file).drain()
    assert shipped(stage) == ["one", "two", "three"]


def test_a_store_that_fails_for_a_while_loses_nothing(stage: Stage, file: Path) -> None:
    write(file, "one\ntwo\n")
    broken = 2
    original = stage.logs._database.write

    def fail(work: Any) -> Any:
        nonlocal broken
        if broken:
            broken -= 1
            raise sqlite3.OperationalError("database or disk is full")
        return original(work)

    running = ship(stage, file)
    with (
        patch.object(stage.logs._database, "write", fail),
        patch.object(shipment, "_RETRY_SECONDS", 0.01),
    ):
        assert running.drain()
    assert shipped(stage) == ["one", "two"]


def test_a_store_that_fails_while_the_file_is_followed_is_tried_again(
    stage: Stage, file: Path
) -> None:
    failed = threading.Event()
    original = stage.logs._database.write

    def fail(work: Any) -> Any:
        if not failed.is_set():
            failed.set()
            raise sqlite3.OperationalError("database or disk is full")
        return original(work)

    ship(stage, file)
    with patch.object(stage.logs._database, "write", fail):
        write(file, "one\n")
        assert failed.wait(30)
        wait_until(lambda: shipped(stage) == ["one"])


def test_drain_says_what_it_could_not_store(stage: Stage, file: Path) -> None:
    write(file, "one\n")
    running = ship(stage, file)

    def fail(work: Any) -> Any:
        raise sqlite3.OperationalError("database or disk is full")

    with (
        patch.object(stage.logs._database, "write", fail),
        patch.object(shipment, "_RETRY_SECONDS", 0.01),
    ):
        assert not running.drain()
    assert running.offset == 0


def test_a_progress_bar_shows_where_it_is_now_and_then(stage: Stage, file: Path) -> None:
    ship(stage, file)
    write(file, " 10%\r 20%\r 3")
    wait_until(lambda: shipped(stage) == [" 20%"])
    write(file, "0%\r100%\r\ndone\n")
    wait_until(lambda: shipped(stage)[-2:] == ["100%", "done"])


def test_many_files_are_shipped_side_by_side(stage: Stage, tmp_path: Path) -> None:
    running = []
    for number in range(20):
        path = tmp_path / f"log-{number}"
        write(path, f"hello from {number}\n")
        running.append(
            stage.logs.shipper.ship(path, group=GROUP, stream=f"{number}", principal=stage.role)
        )
    wait_until(lambda: all(shipment.offset for shipment in running))
    for number in range(20):
        assert stage.messages(GROUP, str(number)) == [f"hello from {number}"]
