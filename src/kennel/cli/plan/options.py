"""The options that `kennel plan`'s sub-commands share."""

from __future__ import annotations

import argparse

from kennel.planner.options import OPTIONS, Scope

__all__ = ["add_live", "add_measuring", "add_output", "add_settings", "add_traffic", "settings_of"]

Parser = argparse.ArgumentParser | argparse._ArgumentGroup

_TITLES = {
    Scope.BOTH: "the setting",
    Scope.ENDPOINT: "of an endpoint",
    Scope.FUNCTION: "of a function",
}


def add_settings(parser: argparse.ArgumentParser) -> None:
    """What is simulated: the options of the planner's own table, and where else they may be."""
    for scope, title in _TITLES.items():
        group = parser.add_argument_group(title)
        if scope is Scope.BOTH:
            group.add_argument(
                "--plan", metavar="FILE", help="a TOML file with these options, traffic among them"
            )
        for option in OPTIONS:
            if option.scope is not scope:
                continue
            if option.metavar:
                group.add_argument(
                    f"--{option.name}", metavar=option.metavar, action="append", help=option.help
                )
            else:
                group.add_argument(
                    f"--{option.name}", action="append_const", const="yes", help=option.help
                )


def settings_of(arguments: argparse.Namespace) -> dict[str, tuple[str, ...]]:
    """The settings that were typed."""
    found = {}
    for option in OPTIONS:
        values = getattr(arguments, option.name.replace("-", "_"))
        if values:
            found[option.name] = tuple(values)
    return found


def add_traffic(parser: argparse.ArgumentParser) -> None:
    """When requests come."""
    group = parser.add_argument_group("traffic")
    source = group.add_mutually_exclusive_group()
    source.add_argument(
        "--traffic",
        metavar="TRAFFIC",
        help="poisson:20/s, constant:20/s, daily:peak=50/s,trough=5/s, "
        "burst:base=5/s,height=50/s,length=60s,every=10m, 5/s..50/s:10m,50/s:1h, FILE.csv, "
        "FILE.json (CloudWatch's answer) or FILE.toml",
    )
    source.add_argument(
        "--traffic-from",
        metavar="TARGET",
        help="the requests that endpoint:NAME or function:NAME has had, from CloudWatch",
    )
    length = group.add_mutually_exclusive_group()
    length.add_argument("--days", metavar="N", help="how long (default: the traffic's own, or 1)")
    length.add_argument("--duration", metavar="TIME", help="the same as 90s, 10m, 2h")
    group.add_argument("--seed", metavar="N", default="0", help="of what is drawn (default: 0)")
    group.add_argument(
        "--begins",
        metavar="DATE",
        help="when it begins, for schedules, as 2026-03-01T06:00 (default: today, 00:00 UTC)",
    )


def add_live(parser: Parser) -> None:
    """Whose live settings are read."""
    parser.add_argument(
        "--since",
        metavar="TIME",
        default="1d",
        help="how far back CloudWatch is asked (default: 1d)",
    )
    parser.add_argument(
        "--aws",
        action="store_true",
        help="ask what AWS_ENDPOINT_URL, AWS_PROFILE and the like lead to, AWS itself if nothing "
        "else is set, instead of the plane",
    )


def add_measuring(parser: Parser) -> None:
    """Service times by calls, one after another."""
    parser.add_argument(
        "--measure",
        metavar="TARGET",
        help="measure the service time of endpoint:NAME or function:NAME by calling it",
    )
    parser.add_argument(
        "--payload", metavar="FILE", help="what is sent then: a file, or a folder of files"
    )
    parser.add_argument(
        "--requests", metavar="N", default="100", help="how many calls (default: 100)"
    )


def add_output(parser: Parser, files: str) -> None:
    """What is told, and where."""
    parser.add_argument("--out", metavar="DIR", help=f"write {files} there")
    parser.add_argument("--json", action="store_true", help="print JSON, not the table")
