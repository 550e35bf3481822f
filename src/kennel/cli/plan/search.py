"""Finds the cheapest setting that keeps objectives, and the calls that set it. Exit code 1 if no
setting keeps them; it says then what comes nearest."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from kennel.cli.errors import UsageError
from kennel.cli.plan.compiling import say_if_compiling
from kennel.cli.plan.inputs import Asked, read_asked
from kennel.cli.plan.options import (
    add_live,
    add_measuring,
    add_output,
    add_settings,
    add_traffic,
)
from kennel.cli.plan.outputs import draw_into, make_folder, write_json
from kennel.cli.progress import Bar
from kennel.cli.table import print_table
from kennel.planner.objective import Objective, parse_objective
from kennel.planner.option_values import OptionValues
from kennel.planner.options import Options
from kennel.planner.plan import EndpointPlan, FunctionPlan, Plan
from kennel.planner.policy_text import parse_capacity
from kennel.planner.quantities import parse_duration, show_duration, show_rate, show_share
from kennel.planner.report import describe, record_of
from kennel.planner.report.rows import money
from kennel.planner.search import (
    Call,
    EndpointRange,
    Found,
    FunctionRange,
    Trial,
    Trials,
    as_command,
    calls_of,
    search_endpoint,
    search_function,
)
from kennel.planner.simulated import Simulated, simulate
from kennel.planner.simulation.function_setting import ACCOUNT_LIMIT
from kennel.scaling import Bounds

__all__ = ["configure", "run"]

_RANGES = ("instances", "provisioned")  # where to look
_COOLDOWNS = ("cooldown", "cooldown-out", "cooldown-in")
_FOUND = ("target", "target-concurrency", "utilization", "step", "no-scale-in")
_COOLDOWN = 300.0  # AWS's default
_MOST_INSTANCES = 64
_OTHER_SEEDS = 2  # under which the chosen setting is looked at again
_ROWS = 12


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--slo",
        metavar="OBJECTIVE",
        action="append",
        required=True,
        help="what has to hold: p99<300ms, mean<50ms, or throttled, cold, over 1s or utilisation "
        "below a percentage; may be given more than once. A refused request counts as slower "
        "than any",
    )
    parser.add_argument(
        "--types",
        metavar="TYPE=SPEED,...",
        help="instance types to choose from, with speeds relative to the one that the service time "
        "is of, as ml.m5.large=0.5,ml.c5.xlarge=1.2",
    )
    add_traffic(parser)
    add_settings(parser)
    live = parser.add_argument_group("what is live")
    live.add_argument("--endpoint", metavar="NAME[/VARIANT]", help="for a live endpoint")
    live.add_argument("--function", metavar="NAME[:ALIAS]", help="for a live function")
    add_measuring(live)
    add_live(live)
    add_output(parser.add_argument_group("the result"), "search.png and search.json")


def run(arguments: argparse.Namespace) -> int:
    objectives = [parse_objective(text) for text in arguments.slo]
    asked = read_asked(arguments, without=(*_RANGES, *_FOUND, *_COOLDOWNS))
    for name in _FOUND:
        if asked.options.get(name):
            raise UsageError(f"{name} is what the search looks for. Leave it out.")
    folder = make_folder(arguments.out)
    (base,) = asked.plans
    bounds = _bounds(asked.options, base)
    say_if_compiling()
    with Bar(sys.stderr) as bar:
        trials = Trials(
            lambda plan: simulate(plan, asked.traffic, seed=asked.seed, begins=asked.begins),
            objectives,
            lambda count: bar.show(count, 0, "settings simulated"),
        )
        if isinstance(base, EndpointPlan):
            types = _types(arguments.types, base)
            where = EndpointRange(bounds, types, *_cooldowns(asked.options))
            search_endpoint(base, where, asked.traffic, trials)
        else:
            if arguments.types is not None:
                raise UsageError("--types are an endpoint's.")
            free = base.setting.limit == ACCOUNT_LIMIT
            search_function(base, FunctionRange(bounds, free), trials)
        found = trials.found()
        again = [] if found.chosen is None else _again(found.chosen.run.plan, asked, bar)
    chosen = (found.chosen or found.nearest).run.plan
    calls = calls_of(chosen, asked.resource, base.setting.scaling)
    record = _record(found, objectives, asked, again, calls)
    files = []
    if folder is not None:
        write_json(folder / "search.json", record)
        files.append("search.json")
        if draw_into(folder / "search.png", lambda path: _draw(found, objectives, asked, path)):
            files.append("search.png")
    if arguments.json:
        print(json.dumps(record, indent=1))
    else:
        _show(found, objectives, asked, again, calls)
        if folder is not None:
            print(f"\n{folder}: {', '.join(files)}")
    return 0 if found.chosen is not None else 1


def _bounds(options: Options, base: Plan) -> Bounds:
    """Where to look."""
    texts = [text for name in _RANGES for text in options.get(name, ())]
    if texts:
        return parse_capacity(texts[-1])
    if isinstance(base, FunctionPlan):
        return Bounds(0, ACCOUNT_LIMIT)
    return Bounds(1, _MOST_INSTANCES)


def _types(text: str | None, base: EndpointPlan) -> list[tuple[str, float]]:
    if text is None:
        return [(base.price.instance_type, 1.0)]
    found = []
    for part in text.split(","):
        kind, equals, number = part.strip().partition("=")
        try:
            speed = float(number) if equals else 1.0
        except ValueError:
            speed = 0.0
        if not 0 < speed < float("inf"):
            raise UsageError(f"--types is TYPE=SPEED,..., and {part.strip()!r} is none of it.")
        found.append((kind, speed))
    return found


def _cooldowns(options: Options) -> list[list[tuple[float, float]]]:
    """Those that were given, else the search's own."""
    values = OptionValues(options)
    if not any(values.has(name) for name in _COOLDOWNS):
        return []
    both = values.one("cooldown", parse_duration, _COOLDOWN)
    out = values.one("cooldown-out", parse_duration, both)
    return [[(out, values.one("cooldown-in", parse_duration, both))]]


def _again(plan: Plan, asked: Asked, bar: Bar) -> list[Simulated]:
    """The chosen setting under other requests: what is kept by chance is not kept."""
    runs = []
    for number in range(1, _OTHER_SEEDS + 1):
        bar.show(number, _OTHER_SEEDS, "other seeds")
        runs.append(simulate(plan, asked.traffic, seed=asked.seed + number, begins=asked.begins))
    return runs


def _show(
    found: Found,
    objectives: Sequence[Objective],
    asked: Asked,
    again: Sequence[Simulated],
    calls: Sequence[Call],
) -> None:
    traffic = asked.traffic
    tried = "1 setting" if len(found.tried) == 1 else f"{len(found.tried)} settings"
    print(
        f"{traffic.text} for {show_duration(traffic.duration)}, at most {show_rate(traffic.peak)}; "
        f"{tried} simulated"
    )
    for note in asked.notes:
        print(f"note: {note}")
    print()
    headings = ["", "COST A MONTH", *(one.text for one in objectives), "REFUSED", "SETTING"]
    print_table(headings, [_row(one, found, objectives) for one in _told(found)], "SETTING")
    print()
    if found.chosen is None:
        print(
            f"No setting keeps {' and '.join(one.text for one in objectives)}. The nearest is "
            f"{describe(found.nearest.run.plan)}."
        )
        for line in _hopeless(found, objectives):
            print(line)
        return
    print(f"Chosen: {describe(found.chosen.run.plan)}")
    for objective in objectives:
        values = ", ".join(objective.shown(run.figures) for run in again)
        lost = any(not objective.holds(run.figures) for run in again)
        doubt = ": it is kept by chance only, take more" if lost else ""
        print(
            f"{objective.text}: {objective.shown(found.chosen.run.figures)}; with other seeds "
            f"{values}{doubt}"
        )
    print()
    for call in calls:
        print(as_command(call))


def _hopeless(found: Found, objectives: Sequence[Objective]) -> Iterator[str]:
    """Why no capacity can help, where the work alone takes too long."""
    times = [trial.run.plan.setting.service_time for trial in found.tried]
    for objective in objectives:
        alone = [value for time in times if (value := objective.alone(time)) is not None]
        if alone and min(alone) >= objective.bound:
            yield (
                f"{objective.text} is out of reach: the service time alone makes it "
                f"{show_duration(min(alone))}, however many there are."
            )


def _told(found: Found) -> list[Trial]:
    """The frontier and the chosen one, cheapest first; of a long frontier the part around it."""
    rows = list(found.frontier)
    if found.chosen is not None and found.chosen not in rows:
        rows.append(found.chosen)
    rows.sort(key=lambda one: one.usd)
    if len(rows) <= _ROWS:
        return rows
    middle = rows.index(found.chosen or found.nearest)
    first = max(0, min(middle - _ROWS // 2, len(rows) - _ROWS))
    return rows[first : first + _ROWS]


def _row(trial: Trial, found: Found, objectives: Sequence[Objective]) -> list[str]:
    figures = trial.run.figures
    mark = "→" if trial is found.chosen else "ok" if trial.keeps else "no"
    return [
        mark,
        money(figures.usd_a_month),
        *(one.shown(figures) for one in objectives),
        show_share(figures.refused_share),
        describe(trial.run.plan),
    ]


def _record(
    found: Found,
    objectives: Sequence[Objective],
    asked: Asked,
    again: Sequence[Simulated],
    calls: Sequence[Call],
) -> dict[str, Any]:
    def short(trial: Trial) -> dict[str, Any]:
        figures = trial.run.figures
        values = {one.text: one.value(figures) for one in objectives}
        return {
            "setting": describe(trial.run.plan),
            "keeps": trial.keeps,
            "usd_a_month": figures.usd_a_month,
            "values": {text: value if value < 1e18 else None for text, value in values.items()},
            "refused_share": figures.refused_share,
        }

    chosen = found.chosen
    best = chosen or found.nearest
    return {
        "objectives": [one.text for one in objectives],
        "kept": chosen is not None,
        "chosen": record_of(best.run, asked.traffic, asked.seed, None),
        "with_other_seeds": [
            {one.text: one.holds(run.figures) for one in objectives} for run in again
        ],
        "frontier": [short(one) for one in found.frontier],
        "tried": [short(one) for one in found.tried],
        "calls": [
            {"service": one.service, "operation": one.operation, "arguments": one.arguments}
            for one in calls
        ],
    }


def _draw(found: Found, objectives: Sequence[Objective], asked: Asked, path: Path) -> None:
    from kennel.planner.report.frontier import draw_frontier

    draw_frontier(found, objectives[0], f"Settings under {asked.traffic.text}", path)
