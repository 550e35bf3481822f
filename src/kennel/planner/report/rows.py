"""The table of one or several simulations: a row a measure, a column a setting."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from kennel.planner.figures import PERCENTILES, Figures
from kennel.planner.plan import EndpointPlan
from kennel.planner.quantities import show_duration, show_share
from kennel.planner.report.sparkline import sparkline
from kennel.planner.simulated import Simulated

__all__ = ["headings_of", "money", "rows_of"]

Row = tuple[str, ...]


def headings_of(runs: Sequence[Simulated]) -> Row:
    """The settings' names."""
    return ("", *(run.plan.name for run in runs))


def rows_of(runs: Sequence[Simulated], slow: float | None = None) -> list[Row]:
    """All measures but the settings themselves; `slow` are the seconds from which on a request is
    slow."""
    return list(_rows(runs, slow))


def _rows(runs: Sequence[Simulated], slow: float | None) -> Iterator[Row]:
    figures = [run.figures for run in runs]
    yield ("requests", *(f"{one.requests:,}" for one in figures))
    yield ("answered", *(f"{one.served:,}" for one in figures))
    yield ("refused", *(_refused(one) for one in figures))
    yield from _latencies(figures)
    if slow is not None:
        shares = (show_share(one.slow_share(slow)) for one in figures)
        yield (f"over {show_duration(slow)}", *shares)
    for name in ("cold starts", "spilled over", "most at once"):
        if any(name in one.counts for one in figures):
            yield (name, *(f"{one.counts.get(name, 0):,}" for one in figures))
    yield from _capacity(runs)
    if any(one.utilisation == one.utilisation for one in figures):
        yield ("utilisation", *(show_share(one.utilisation) for one in figures))
    yield ("scaling", *(_activities(one) for one in figures))
    yield ("cost a day", *(money(one.usd_a_day) for one in figures))
    yield ("cost a month", *(money(one.usd_a_month) for one in figures))
    yield ("price", *(_price(run) for run in runs))


def _latencies(figures: Sequence[Figures]) -> Iterator[Row]:
    for percent in PERCENTILES:
        values = (show_duration(one.percentile(percent)) for one in figures)
        yield (f"p{percent:g}", *values)
    yield ("mean", *(show_duration(one.latency.mean) for one in figures))


def _refused(figures: Figures) -> str:
    if not figures.refused:
        return "0"
    kinds = [
        f"{figures.counts[name]:,} {name}"
        for name in ("rejected", "timed out", "throttled")
        if figures.counts.get(name)
    ]
    return f"{', '.join(kinds)} ({show_share(figures.refused_share)})"


def _capacity(runs: Sequence[Simulated]) -> Iterator[Row]:
    is_endpoint = isinstance(runs[0].plan, EndpointPlan)
    if not is_endpoint and not any(run.figures.capacity_high for run in runs):
        return
    name = "instances" if is_endpoint else "provisioned"
    yield (
        name,
        *(
            f"{one.capacity_low} least, {one.capacity_mean:.2f} mean, {one.capacity_high} most"
            for one in (run.figures for run in runs)
        ),
    )
    width = 40 if len(runs) == 1 else 24
    yield ("over time", *(sparkline(list(run.figures.minutes.capacity), width) for run in runs))
    yield ("load", *(sparkline(list(run.figures.minutes.rate), width) for run in runs))


def _activities(figures: Figures) -> str:
    out = sum(one.after > one.before for one in figures.activities)
    into = sum(one.after < one.before for one in figures.activities)
    return f"{out:,} out, {into:,} in" if out or into else "none"


def _price(run: Simulated) -> str:
    plan = run.plan
    if isinstance(plan, EndpointPlan):
        return plan.price.text
    return plan.prices.text


def money(usd: float) -> str:
    """`$5.52`, `$0.0021`, `$12,345`."""
    if usd >= 1000:
        return f"${usd:,.0f}"
    if usd >= 0.1 or usd == 0:
        return f"${usd:,.2f}"
    return f"${usd:.2g}"
