"""Published versions, by boto3 against a real plane."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from tests.conftest import PlaneFactory
from tests.integration.function_versions import (
    ARN,
    code,
    configure,
    create,
    numbers,
    publish,
    setting,
    settle,
)
from tests.integration.functions import Functions, archive
from tests.integration.refusals import refused
from tests.planes import Plane, wait_until


def test_a_version_stays_as_it_was_published_whatever_becomes_of_the_function(
    functions: Functions,
) -> None:
    create(functions, "kept", Environment=setting("a"))
    made = functions.client.publish_version(FunctionName="kept", Description="the first")
    assert (made["Version"], made["FunctionArn"]) == ("1", f"{ARN}kept:1")
    assert (made["State"], made["Description"]) == ("Active", "the first")
    functions.client.update_function_code(FunctionName="kept", ZipFile=code("two"))
    settle(functions, "kept")
    configure(functions, "kept", Environment=setting("b"), Timeout=9)
    reply = functions.invoke("kept", {}, Qualifier="1", LogType="Tail")
    assert reply["json"] == {
        "code": "one",
        "setting": "a",
        "version": "1",
        "variable": "1",
        "arn": f"{ARN}kept:1",
    }
    assert reply["ExecutedVersion"] == "1"
    assert f"START RequestId: {reply['ResponseMetadata']['RequestId']} Version: 1" in reply["log"]
    newest = functions.invoke("kept", {})
    assert (newest["json"]["code"], newest["json"]["setting"]) == ("two", "b")
    assert (newest["ExecutedVersion"], newest["json"]["arn"]) == ("$LATEST", f"{ARN}kept")
    found = functions.client.get_function(FunctionName="kept:1")["Configuration"]
    assert (found["Timeout"], found["CodeSha256"]) == (3, made["CodeSha256"])
    assert functions.invoke("kept:1", {})["json"]["code"] == "one"
    assert functions.invoke(f"{ARN}kept:1", {})["json"]["code"] == "one"


def test_publishing_what_has_not_changed_gives_the_version_that_is_there(
    functions: Functions,
) -> None:
    create(functions, "same")
    first = functions.client.publish_version(FunctionName="same", Description="mine")
    again = functions.client.publish_version(FunctionName="same", Description="another")
    assert (again["Version"], again["Description"]) == ("1", "mine")
    assert again["RevisionId"] == first["RevisionId"]
    assert publish(functions, "same", Timeout=4) == "2"
    functions.client.update_function_code(FunctionName="same", ZipFile=code("one"), Publish=True)
    assert numbers(functions, "same") == ["$LATEST", "1", "2"]


def test_a_version_is_published_only_of_the_code_and_the_revision_that_are_meant(
    functions: Functions,
) -> None:
    made = create(functions, "meant")
    publishing = functions.client.publish_version
    kind, message = refused(publishing, FunctionName="meant", CodeSha256="other")
    assert kind == "InvalidParameterValueException"
    assert message == (
        "CodeSHA256 (other) is different from current CodeSHA256 in $LATEST "
        f"({made['CodeSha256']}). Please try again with the CodeSHA256 in $LATEST."
    )
    kind, _ = refused(publishing, FunctionName="meant", RevisionId="stale")
    assert kind == "PreconditionFailedException"
    kind, message = refused(publishing, FunctionName="nobody")
    assert (kind, message) == ("ResourceNotFoundException", f"Function not found: {ARN}nobody")
    latest = functions.client.get_function_configuration(FunctionName="meant")
    published = publishing(
        FunctionName="meant", CodeSha256=latest["CodeSha256"], RevisionId=latest["RevisionId"]
    )
    assert published["Version"] == "1"
    kind, message = refused(publishing, FunctionName="meant:1")
    assert kind == "InvalidParameterValueException"
    assert message.startswith("Current operation does not support versions other than $LATEST.")


def test_create_and_update_publish_on_the_way(functions: Functions) -> None:
    made = create(functions, "along", Publish=True)
    assert (made["Version"], made["State"], made["FunctionArn"]) == ("1", "Pending", f"{ARN}along")
    waiter = functions.client.get_waiter("published_version_active")
    quick = {"Delay": 0.05, "MaxAttempts": 200}
    waiter.wait(FunctionName="along", Qualifier="1", WaiterConfig=quick)
    assert functions.invoke("along", {}, Qualifier="1")["json"]["code"] == "one"
    changed = functions.client.update_function_code(
        FunctionName="along", ZipFile=code("two"), Publish=True
    )
    assert (changed["Version"], changed["FunctionArn"]) == ("2", f"{ARN}along:2")
    waiter.wait(FunctionName="along", Qualifier="2", WaiterConfig=quick)
    assert functions.invoke("along", {}, Qualifier="2")["json"]["code"] == "two"
    assert functions.invoke("along", {}, Qualifier="1")["json"]["code"] == "one"
    listed = functions.client.list_functions(FunctionVersion="ALL")["Functions"]
    assert [one["FunctionArn"] for one in listed if one["FunctionName"] == "along"] == [
        f"{ARN}along:$LATEST",
        f"{ARN}along:1",
        f"{ARN}along:2",
    ]
    plain = functions.client.list_functions()["Functions"]
    assert [one["Version"] for one in plain if one["FunctionName"] == "along"] == ["$LATEST"]


def test_a_number_is_never_used_again(functions: Functions) -> None:
    create(functions, "renumbered", Publish=True)
    assert publish(functions, "renumbered", Timeout=4) == "2"
    functions.client.delete_function(FunctionName="renumbered", Qualifier="2")
    assert publish(functions, "renumbered") == "3"
    functions.client.delete_function(FunctionName="renumbered")
    create(functions, "renumbered")
    assert numbers(functions, "renumbered") == ["$LATEST"]
    assert publish(functions, "renumbered") == "4"


def test_a_deleted_version_is_gone_and_the_others_go_on(functions: Functions) -> None:
    create(functions, "thinned", Publish=True)
    publish(functions, "thinned", Timeout=4)
    assert functions.invoke("thinned", {}, Qualifier="1")["StatusCode"] == 200
    delete = functions.client.delete_function
    delete(FunctionName="thinned:1")
    delete(FunctionName="thinned", Qualifier="1")  # again, and nothing comes of it
    kind, message = refused(functions.client.invoke, FunctionName="thinned", Qualifier="1")
    assert (kind, message) == ("ResourceNotFoundException", f"Function not found: {ARN}thinned:1")
    assert numbers(functions, "thinned") == ["$LATEST", "2"]
    assert functions.invoke("thinned", {}, Qualifier="2")["json"]["version"] == "2"
    assert functions.invoke("thinned", {})["json"]["version"] == "$LATEST"
    kind, message = refused(delete, FunctionName="thinned", Qualifier="$LATEST")
    assert kind == "InvalidParameterValueException"
    assert message == "$LATEST version cannot be deleted without deleting the function."


def test_code_is_kept_as_long_as_a_version_has_it(functions: Functions, plane: Plane) -> None:
    create(functions, "stored", Publish=True)
    folder = plane.state / "lambda" / "code"
    before = set(folder.glob("*.zip"))
    functions.client.update_function_code(FunctionName="stored", ZipFile=code("two"))
    settle(functions, "stored")
    assert functions.invoke("stored", {}, Qualifier="1")["json"]["code"] == "one"
    assert before < set(folder.glob("*.zip"))
    functions.client.delete_function(FunctionName="stored", Qualifier="1")
    wait_until(lambda: len(before - set(folder.glob("*.zip"))) == 1)
    assert functions.invoke("stored", {})["json"]["code"] == "two"


def test_those_who_publish_at_the_same_time_get_one_version(functions: Functions) -> None:
    create(functions, "crowded")
    with ThreadPoolExecutor() as pool:
        made = [pool.submit(publish, functions, "crowded") for _ in range(8)]
    assert {one.result() for one in made} == {"1"}
    assert numbers(functions, "crowded") == ["$LATEST", "1"]


def test_what_could_not_be_unpacked_is_a_failed_version_and_the_next_is_none_of_it(
    functions: Functions,
) -> None:
    create(functions, "spoilt", Publish=True)
    broken = archive({"main.py": "x = 'spoilt' * 9\n"}, stored=True)
    assert b"spoilt" in broken
    functions.client.update_function_code(
        FunctionName="spoilt", ZipFile=broken.replace(b"spoilt", b"broken", 1), Publish=True
    )
    configuration = functions.client.get_function_configuration

    def state() -> str:
        return str(configuration(FunctionName="spoilt", Qualifier="2")["State"])

    wait_until(lambda: state() == "Failed")
    found = configuration(FunctionName="spoilt", Qualifier="2")
    assert found["StateReasonCode"] == "InvalidZipFileException"
    kind, _ = refused(functions.client.invoke, FunctionName="spoilt", Qualifier="2")
    assert kind == "ResourceConflictException"
    kind, _ = refused(functions.client.publish_version, FunctionName="spoilt")
    assert kind == "ResourceConflictException"
    assert functions.invoke("spoilt", {})["json"]["code"] == "one"
    functions.client.update_function_code(
        FunctionName="spoilt", ZipFile=code("three"), Publish=True
    )
    settle(functions, "spoilt")
    wait_until(lambda: configuration(FunctionName="spoilt:3")["State"] == "Active")
    assert functions.invoke("spoilt:3", {})["json"]["code"] == "three"


# The plane's end


def test_versions_and_aliases_outlive_a_kill(plane_factory: PlaneFactory) -> None:
    plane = plane_factory()
    functions = Functions(plane)
    create(functions, "lasting", Publish=True)
    functions.client.update_function_code(FunctionName="lasting", ZipFile=code("two"), Publish=True)
    settle(functions, "lasting")
    functions.client.update_function_code(FunctionName="lasting", ZipFile=code("three"))
    settle(functions, "lasting")
    made = functions.client.create_alias(
        FunctionName="lasting",
        Name="live",
        FunctionVersion="1",
        RoutingConfig={"AdditionalVersionWeights": {"2": 1.0}},
    )
    plane.kill()
    plane.start()
    assert numbers(functions, "lasting") == ["$LATEST", "1", "2"]
    read = functions.client.get_alias(FunctionName="lasting", Name="live")
    assert {**read, "ResponseMetadata": 0} == {**made, "ResponseMetadata": 0}
    for qualifier, expected in (("1", "one"), ("2", "two"), ("live", "two"), ("$LATEST", "three")):
        reply = functions.invoke("lasting", {}, Qualifier=qualifier)
        assert reply["json"]["code"] == expected
    assert publish(functions, "lasting") == "3"
    functions.client.update_function_code(
        FunctionName="lasting", ZipFile=code("four"), Publish=True
    )
    plane.kill()
    plane.start()
    functions.client.get_waiter("published_version_active").wait(
        FunctionName="lasting:4", WaiterConfig={"Delay": 0.05, "MaxAttempts": 200}
    )
    assert functions.invoke("lasting:4", {})["json"]["code"] == "four"
