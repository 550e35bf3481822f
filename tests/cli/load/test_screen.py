import io
from typing import Any, cast

from kennel.cli.load.order import Order
from kennel.cli.load.outcome import Outcome
from kennel.cli.load.record import Recorder, Sample
from kennel.cli.load.screen import Screen
from kennel.cli.load.session import Moment


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Plan:
    seconds = 90.0

    def rate(self, at: float) -> float:
        return 10.0


def told(stream: io.StringIO, moments: list[Moment]) -> str:
    order: Any = type("Order", (), {"plan": Plan()})
    recorder = Recorder(90.0)
    for number in range(30):
        recorder.add(Sample(number / 10, number / 10, number / 10 + 0.02, Outcome("ok")))
    recorder.add(Sample(1, 1, 1, Outcome("ThrottlingException")))
    screen = Screen(stream, cast(Order, order), recorder, "instances")
    for moment in moments:
        screen.tell(moment)
    screen.clear()
    return stream.getvalue()


def test_a_terminal_has_one_line_that_is_taken_away():
    text = told(Terminal(), [Moment(0.0, 0, None), Moment(3.1, 2, 3)])
    first, second, end = text.removeprefix("\r").split("\r")[:3]
    assert first.strip() == "0:00 of 1:30  starting  throttled 1  in flight 0"
    assert second.startswith("0:03 of 1:30  10.0 of 10.0/s  p50 20")
    assert end.strip() == ""


def test_a_pipe_has_a_whole_line_every_ten_seconds():
    moments = [Moment(at / 5, 1, 2) for at in range(5 * 25)]
    lines = told(io.StringIO(), moments).splitlines()
    assert [line.split()[0] for line in lines] == ["0:10", "0:20"]
    assert lines[0].endswith("throttled 1  in flight 1  2 instances")
