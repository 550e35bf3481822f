from __future__ import annotations

from unittest.mock import patch

from hypothesis import given
from hypothesis import strategies as st

from kennel.services.logs import lines
from kennel.services.logs.batch import MAX_BYTES, MAX_EVENTS
from kennel.services.logs.events import OVERHEAD
from kennel.services.logs.lines import LINE_BYTES, split_lines


def texts(data: bytes, **options: bool) -> list[str]:
    return [text for _, text in split_lines(data, **options).lines]


def test_a_line_ends_with_a_newline() -> None:
    assert split_lines(b"one\ntwo\nthr") == ([(0, "one"), (4, "two")], 8)


def test_the_last_piece_may_lack_its_newline() -> None:
    assert split_lines(b"one\ntwo", last=True) == ([(0, "one"), (4, "two")], 7)


def test_blank_lines_are_covered_and_left_out() -> None:
    assert split_lines(b"\n\r\n\na\n") == ([(4, "a")], 6)


def test_carriage_returns_before_newlines_are_no_part_of_a_line() -> None:
    assert texts(b"one\r\ntwo\r\n") == ["one", "two"]


def test_what_is_not_utf_8_is_replaced() -> None:
    assert texts(b"caf\xe9 \xf0\x9f\x90\xb6\n") == ["caf\ufffd \U0001f436"]


def test_of_a_progress_bar_the_last_state_is_the_line() -> None:
    assert texts(b"\r 10%\r 20%\r100%\r\nnext\n") == ["100%", "next"]


def test_a_bar_wiped_with_blanks_keeps_its_last_state() -> None:
    assert texts(b" 10%\r100%\r    \r\n") == ["100%"]


def test_an_unfinished_bar_shows_its_last_finished_state_when_asked() -> None:
    data = b"start\n 10%\r 20%\r 3"
    assert split_lines(data) == ([(0, "start")], 6)
    assert split_lines(data, progress=True) == ([(0, "start"), (11, " 20%")], 16)


def test_half_of_a_line_end_is_no_progress() -> None:
    assert split_lines(b"whole line\r", progress=True) == ([], 0)


def test_a_long_line_becomes_several_between_characters() -> None:
    line = "ü" * LINE_BYTES
    pieces = texts(line.encode() + b"\n")
    assert "".join(pieces) == line
    assert all(len(piece.encode()) <= LINE_BYTES for piece in pieces)


def test_a_long_line_that_goes_on_is_cut_before_it_ends() -> None:
    piece = split_lines(b"x" * (LINE_BYTES + 10))
    assert piece == ([(0, "x" * LINE_BYTES)], LINE_BYTES)


def test_binary_noise_makes_no_event_too_long() -> None:
    noise = b"\xff" * (2 * LINE_BYTES)
    pieces = texts(noise + b"\n")
    assert all(len(piece.encode()) <= LINE_BYTES for piece in pieces)
    assert texts(b"\xff" * (LINE_BYTES - 5) + b"\n")


def test_a_piece_holds_no_more_than_one_put_takes() -> None:
    many = split_lines(b"a\n" * (MAX_EVENTS + 5))
    assert len(many.lines) == MAX_EVENTS
    assert many.covered == 2 * MAX_EVENTS
    large = split_lines((b"x" * 100_000 + b"\n") * 20)
    assert sum(len(text) + OVERHEAD for _, text in large.lines) <= MAX_BYTES
    assert large.covered == len(large.lines) * 100_001


_LOGS = st.lists(
    st.sampled_from([b"a", b"loss=0.5", b"\n", b"\r", b"\r\n", b" ", b"\xff", "ü".encode()]),
    max_size=40,
).map(b"".join)


@given(_LOGS, st.lists(st.integers(1, 12)))
def test_however_a_log_is_cut_into_pieces_its_lines_are_the_same(
    log: bytes, sizes: list[int]
) -> None:
    whole = split_lines(log, last=True).lines
    found: list[tuple[int, str]] = []
    place = seen = 0
    for size in sizes:
        seen = min(seen + size, len(log))
        piece = split_lines(log[place:seen])
        found += [(place + offset, text) for offset, text in piece.lines]
        place += piece.covered
    rest = split_lines(log[place:], last=True)
    found += [(place + offset, text) for offset, text in rest.lines]
    assert found == whole
    assert place + rest.covered == len(log)


@given(_LOGS, st.booleans(), st.booleans())
def test_offsets_grow_and_lie_where_the_text_is(log: bytes, last: bool, progress: bool) -> None:
    found, covered = split_lines(log, last=last, progress=progress)
    offsets = [offset for offset, _ in found]
    assert offsets == sorted(set(offsets))
    for offset, text in found:
        assert log[offset:covered].decode("utf-8", "replace").startswith(text)


@given(st.text("aü🐶\n", max_size=60), st.booleans())
def test_cutting_long_lines_loses_nothing(text: str, last: bool) -> None:
    data = text.encode()
    with patch.object(lines, "LINE_BYTES", 15):
        piece = split_lines(data, last=last)
    covered = data[: piece.covered].decode("utf-8", "replace").replace("\n", "")
    assert "".join(part for _, part in piece.lines) == covered
    assert all(len(part.encode()) <= 15 for _, part in piece.lines)
