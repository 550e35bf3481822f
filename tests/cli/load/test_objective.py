import pytest

from kennel.cli.load.objective import parse_failure
from kennel.cli.load.outcome import Outcome
from kennel.cli.load.record import Recorder, Sample

REFUSED = Outcome("TooManyRequestsException")


@pytest.fixture
def recorder() -> Recorder:
    """A hundred requests, of 1 ms to 99 ms, and one that was throttled."""
    recorder = Recorder(10)
    for number in range(1, 100):
        recorder.add(Sample(0, 0, number / 1000, Outcome("ok")))
    recorder.add(Sample(0, 0, 1, REFUSED))
    return recorder


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("p99>90ms", True),
        ("p99>110ms", False),
        ("p50 > 45ms", True),
        ("p99.9<2s", True),
        ("max>99ms", False),
        ("mean>49ms", True),
        ("errors>0", True),
        ("errors>1%", False),
        ("errors>0.9%", True),
        ("throttles>1", False),
        ("rate<20/s", True),
        ("rate<540/min", False),
    ],
)
def test_a_condition_holds_or_not(recorder, text, holds):
    assert parse_failure(text).holds(recorder, 10.0) is holds


def test_a_bound_on_latency_fails_if_nothing_was_answered():
    assert parse_failure("p99>1s").holds(Recorder(10), 10.0)


@pytest.mark.parametrize("text", ["", "p99", "p99>", "p101>1s", "p99=1s", "p99>1%", "speed>1"])
def test_anything_else_is_refused_with_the_forms_there_are(text):
    with pytest.raises(ValueError, match="must be a condition such as p99>300ms"):
        parse_failure(text)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("p99>300", "no unit: write p99>300ms or p99>300s"),
        ("max > 2.5", "no unit: write max>2.5ms or max>2.5s"),
        ("rate<20", "no unit: write rate<20/s or rate<20/min"),
        ("errors>0.01", "errors>10, or a share of them, as in errors>1%"),
        ("errors>-1", "whole number"),
        ("throttles>200%", "whole number"),
        ("throttles>nan", "whole number"),
    ],
)
def test_a_bound_that_could_mean_two_things_is_refused_with_what_to_write(text, says):
    with pytest.raises(ValueError) as caught:
        parse_failure(text)
    assert says in str(caught.value)
