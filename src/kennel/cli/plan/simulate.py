"""Simulates a setting, or several, under traffic: latencies, refusals, capacity over time, cost."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

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
from kennel.cli.table import print_pairs, print_table
from kennel.planner.quantities import parse_duration, show_duration, show_rate
from kennel.planner.report import activity_rows, describe, headings_of, record_of, rows_of
from kennel.planner.simulated import Simulated, simulate

__all__ = ["configure", "run"]

_ACTIVITIES = 8


def configure(parser: argparse.ArgumentParser) -> None:
    add_traffic(parser)
    add_settings(parser)
    live = parser.add_argument_group("what is live")
    live.add_argument(
        "--endpoint", metavar="NAME[/VARIANT]", help="begin with a live endpoint's setting"
    )
    live.add_argument(
        "--function", metavar="NAME[:ALIAS]", help="begin with a live function's setting"
    )
    add_measuring(live)
    add_live(live)
    result = parser.add_argument_group("the result")
    result.add_argument(
        "--compare",
        metavar="SETTING",
        action="append",
        help="simulate this setting too, as 'instances=1..3 target=600'; once for each",
    )
    result.add_argument("--slow", metavar="TIME", help="also tell how many take longer than this")
    add_output(result, "plan.png and plan.json")


def run(arguments: argparse.Namespace) -> int:
    slow = None if arguments.slow is None else parse_duration(arguments.slow)
    asked = read_asked(arguments)
    folder = make_folder(arguments.out)
    runs: list[Simulated] = []
    say_if_compiling()
    with Bar(sys.stderr) as bar:
        for plan in asked.plans:
            bar.show(len(runs), len(asked.plans), "settings")
            runs.append(simulate(plan, asked.traffic, seed=asked.seed, begins=asked.begins))
    records = [record_of(one, asked.traffic, asked.seed, slow) for one in runs]
    record = records[0] if len(records) == 1 else records
    if folder is not None:
        write_json(folder / "plan.json", record)
        is_drawn = draw_into(folder / "plan.png", lambda path: _draw(runs, asked, path))
    if arguments.json:
        print(json.dumps(record, indent=1))
        return 0
    _show(runs, asked, slow)
    if folder is not None:
        print(f"\n{folder}: plan.json{', plan.png' if is_drawn else ''}")
    return 0


def _show(runs: Sequence[Simulated], asked: Asked, slow: float | None) -> None:
    traffic = asked.traffic
    about = (
        f"{traffic.text} for {show_duration(traffic.duration)}, at most {show_rate(traffic.peak)}"
    )
    rows = rows_of(runs, slow)
    if len(runs) == 1:
        first = [("traffic", about), ("setting", describe(runs[0].plan))]
        print_pairs([*first, *((row[0], row[1]) for row in rows)])
    else:
        print(f"traffic: {about}")
        for one in runs:
            print(f"{one.plan.name}: {describe(one.plan)}")
        print()
        print_table(headings_of(runs), rows)
    for note in asked.notes:
        print(f"note: {note}")
    activities = runs[0].figures.activities
    if len(runs) == 1 and activities:
        print()
        print_table(
            ["AT", "CAPACITY", "TOOK", "CAUSE"], activity_rows(activities, _ACTIVITIES), "CAUSE"
        )


def _draw(runs: Sequence[Simulated], asked: Asked, path: Path) -> None:
    from kennel.planner.report.picture import draw_runs

    draw_runs(runs, f"Simulated: {asked.traffic.text}", path)
