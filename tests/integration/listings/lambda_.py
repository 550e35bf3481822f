"""Lambda's lists, and the functions that others' lists are of."""

from __future__ import annotations

from tests.integration.listings.registry import FIVE, Listing, listing
from tests.integration.stage import Stage, code_archive

__all__ = ["make_function"]


def make_function(stage: Stage, name: str) -> None:
    """Makes the function unless it is there."""
    client = stage.client("lambda")
    if name in [one["FunctionName"] for one in client.list_functions()["Functions"]]:
        return
    client.create_function(
        FunctionName=name,
        Role=stage.role,
        Runtime="python3.11",
        Handler="main.handler",
        Code={"ZipFile": code_archive()},
    )


@listing("lambda", "ListFunctions")
def functions(stage: Stage) -> Listing:
    """All of the account's, those of the other lists among them."""
    names = [
        "aliases",
        "events",
        "listed0",
        "listed1",
        "moved",
        "provisioned",
        "scaled",
        "scheduled",
        "tracked",
        "versions",
    ]
    for name in reversed(names):
        make_function(stage, name)
    return Listing({"Functions[].FunctionName": names})


def _five_versions(stage: Stage, name: str) -> None:
    """A function with the versions 1 to 5."""
    make_function(stage, name)
    client = stage.client("lambda")
    settled = client.get_waiter("function_updated_v2")
    for number in FIVE:
        settled.wait(FunctionName=name, WaiterConfig={"Delay": 0.05, "MaxAttempts": 200})
        client.update_function_configuration(FunctionName=name, Timeout=number + 10)
        settled.wait(FunctionName=name, WaiterConfig={"Delay": 0.05, "MaxAttempts": 200})
        client.publish_version(FunctionName=name)


@listing("lambda", "ListVersionsByFunction")
def versions(stage: Stage) -> Listing:
    _five_versions(stage, "versions")
    return Listing(
        {"Versions[].Version": ["$LATEST", "1", "2", "3", "4", "5"]}, {"FunctionName": "versions"}
    )


@listing("lambda", "ListAliases")
def aliases(stage: Stage) -> Listing:
    make_function(stage, "aliases")
    names = [f"alias{number}" for number in FIVE]
    for name in reversed(names):
        stage.client("lambda").create_alias(
            FunctionName="aliases", Name=name, FunctionVersion="$LATEST"
        )
    return Listing({"Aliases[].Name": names}, {"FunctionName": "aliases"})


@listing("lambda", "ListFunctionEventInvokeConfigs")
def event_invoke_configs(stage: Stage) -> Listing:
    """One for each of five versions."""
    _five_versions(stage, "events")
    for number in FIVE:
        stage.client("lambda").put_function_event_invoke_config(
            FunctionName="events", Qualifier=str(number + 1), MaximumEventAgeInSeconds=60 + number
        )
    return Listing(
        {"FunctionEventInvokeConfigs[].MaximumEventAgeInSeconds": [60, 61, 62, 63, 64]},
        {"FunctionName": "events"},
    )


@listing("lambda", "ListProvisionedConcurrencyConfigs")
def provisioned_concurrency_configs(stage: Stage) -> Listing:
    """One for each of five versions."""
    _five_versions(stage, "provisioned")
    for number in FIVE:
        stage.client("lambda").put_provisioned_concurrency_config(
            FunctionName="provisioned",
            Qualifier=str(number + 1),
            ProvisionedConcurrentExecutions=1,
        )
    return Listing(
        {
            "ProvisionedConcurrencyConfigs[].FunctionArn": [
                f"arn:aws:lambda:us-east-1:000000000000:function:provisioned:{number + 1}"
                for number in FIVE
            ]
        },
        {"FunctionName": "provisioned"},
    )
