import argparse
from itertools import islice, pairwise

import pytest

from kennel.cli.errors import UsageError
from kennel.cli.load import command
from kennel.cli.load.order import ClientsPlan, TrafficPlan, read_order
from kennel.cli.load.target import Kind, Target
from kennel.cli.main import main


def order(*words: str):
    parser = argparse.ArgumentParser()
    command.configure(parser)
    return read_order(parser.parse_args(["dogs", *words]))


def moments(plan: TrafficPlan) -> list[float]:
    return list(plan.traffic.times(plan.seed))


def test_a_plain_rate_is_evenly_spaced_for_a_minute():
    plan = order("--rate", "20/s").plan
    assert isinstance(plan, TrafficPlan)
    assert plan.seconds == 60
    found = moments(plan)
    gaps = [after - before for before, after in pairwise(found)]
    assert len(found) == 1200
    assert all(abs(gap - 0.05) < 1e-6 for gap in gaps)


def test_a_ramp_lasts_as_long_as_the_load():
    plan = order("--rate", "5/s..50/s", "--duration", "2m").plan
    assert [plan.rate(at) for at in (0, 60)] == pytest.approx([5, 27.5])
    assert plan.seconds == 120


def test_a_schedule_has_its_own_duration():
    plan = order("--rate", "5/s:60s,50/s:60s").plan
    assert plan.seconds == 120
    assert [plan.rate(at) for at in (30, 90)] == [5, 50]


def test_the_same_seed_draws_the_same_moments():
    words = ("--rate", "20/s", "--poisson", "--duration", "10s", "--seed")
    first, again, other = (moments(order(*words, seed).plan) for seed in ("1", "1", "2"))
    assert first == again
    assert first != other


def test_a_trace_says_when_requests_come(tmp_path):
    file = tmp_path / "trace.csv"
    file.write_text("at_s,outcome\n10,ok\n10.5,ok\n12,ok\n")
    plan = order("--trace", str(file)).plan
    assert isinstance(plan, TrafficPlan)
    assert moments(plan) == [0.0, 0.5, 2.0]


def test_clients_wait_and_think():
    plan = order("--clients", "8", "--think", "100ms", "--duration", "5s").plan
    assert plan == ClientsPlan(8, 0.1, 5.0)
    assert plan.text == "8 clients"


def test_payloads_of_a_folder_come_in_the_order_of_their_names(tmp_path):
    for name in ("b.jpg", "a.jpg", "c.jpg"):
        (tmp_path / name).write_bytes(name.encode())
    found = order("--rate", "1/s", "--payload", str(tmp_path))
    assert found.payloads == [b"a.jpg", b"b.jpg", b"c.jpg"]
    assert found.content_type == "image/jpeg"


def test_an_endpoint_gets_its_headers_and_a_function_has_none():
    endpoint, function = Target(Kind.ENDPOINT, "dogs"), Target(Kind.FUNCTION, "dogs")
    found = order("--rate", "1/s", "--variant", "blue", "--accept", "text/csv")
    assert found.options(endpoint) == {
        "ContentType": "application/json",
        "TargetVariant": "blue",
        "Accept": "text/csv",
    }
    with pytest.raises(UsageError, match="a function has neither"):
        found.options(function)
    assert order("--rate", "1/s").options(function) == {}


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("--rate 20", "no unit"),
        ("--rate 5", "'5' has no unit; write 5/s or 5/min"),
        ("--rate 5/s..50", "'50' has no unit; write 50/s or 50/min"),
        ("--rate 5/s,50/s", "does not say for how long"),
        ("--rate=-5/s", "below zero. Write 5/s or 5/min"),
        ("--rate fast", "fast"),
        ("--rate 0/s", "sends nothing"),
        ("--rate 5/s:60s,50/s", "50/s"),
        ("--rate poisson:5/s --poisson", "--poisson"),
        ("--clients 2 --poisson", "--poisson"),
        ("--clients 0", "--clients must be a number from 1"),
        ("--rate 1/s --think 1s", "--think"),
        ("--rate 1/s --duration soon", "--duration"),
        ("--rate 1/s --duration 0s", "--duration"),
        ("--rate 1/s --timeout 0s", "--timeout"),
        ("--rate 1/s --duration 1s --warm-up 1s", "--warm-up"),
        ("--rate 1/s --seed -", "--seed"),
        ("--rate 1/s --connections 100000", "--connections"),
        ("--rate 1/s --fail-if slow", "--fail-if must be a condition"),
        ("--rate 1/s --payload /nowhere", "/nowhere"),
        ("--trace /nowhere.csv", "/nowhere.csv"),
    ],
)
def test_what_can_not_be_is_told_in_a_sentence(words, says):
    with pytest.raises(UsageError) as caught:
        order(*words.split())
    assert says in str(caught.value)
    assert str(caught.value).endswith(".")


@pytest.mark.parametrize("rate", ["5", "5/s:1m,50", "5:1m", "x/s..5/s", "5/s..50/s,1/s"])
def test_a_bad_rate_is_told_as_it_was_typed(rate):
    with pytest.raises(UsageError) as caught:
        order("--rate", rate)
    assert "even:" not in str(caught.value)
    assert "60.0" not in str(caught.value)


def test_a_value_that_looks_like_an_option_is_told(capsys):
    with pytest.raises(SystemExit):
        main(["load", "dogs", "--rate", "-5/s"])
    assert "--rate needs a value; one that begins with a dash" in capsys.readouterr().err


def test_moments_of_an_endless_rate_are_not_all_drawn_beforehand():
    plan = order("--rate", "1000/s", "--duration", "365d").plan
    assert isinstance(plan, TrafficPlan)
    assert len(list(islice(plan.traffic.times(), 3))) == 3
