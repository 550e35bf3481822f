"""Finds the cheapest setting that keeps objectives, by simulating settings under one traffic."""

from kennel.planner.search.calls import Call, as_command, calls_of
from kennel.planner.search.endpoints import EndpointRange, search_endpoint
from kennel.planner.search.functions import FunctionRange, search_function
from kennel.planner.search.trials import Found, Trial, Trials

__all__ = [
    "Call",
    "EndpointRange",
    "Found",
    "FunctionRange",
    "Trial",
    "Trials",
    "as_command",
    "calls_of",
    "search_endpoint",
    "search_function",
]
