"""Notebook instances outlive their plane."""

from __future__ import annotations

from tests.conftest import PlaneFactory
from tests.integration.notebooks import Notebooks, script
from tests.planes import Plane, wait_until

PID = "import os; print(os.getppid())"


def status(notebooks: Notebooks, name: str) -> str:
    return str(notebooks.describe(name)["NotebookInstanceStatus"])


def restarted(plane: Plane) -> Notebooks:
    plane.start()
    return Notebooks(plane)


def test_a_killed_plane_finds_its_instances_running_and_their_sessions_good(
    plane_factory: PlaneFactory,
) -> None:
    plane = plane_factory()
    notebooks = Notebooks(plane)
    notebooks.create("survivor")
    notebooks.wait("survivor", "in_service")
    browser = notebooks.open("survivor")
    server = browser.run(PID)
    plane.kill()
    assert browser.run(PID) == server  # JupyterLab needs no plane
    notebooks = restarted(plane)
    assert status(notebooks, "survivor") == "InService"
    assert browser.run(PID) == server
    assert notebooks.open("survivor").run(PID) == server
    assert "assumed-role" in browser.run(
        "import boto3; print(boto3.client('sts').get_caller_identity()['Arn'])"
    )


def test_an_instance_that_was_starting_when_the_plane_died_gets_in_service(
    plane_factory: PlaneFactory,
) -> None:
    plane = plane_factory()
    notebooks = Notebooks(plane)
    notebooks.sagemaker.create_notebook_instance_lifecycle_config(
        NotebookInstanceLifecycleConfigName="slow",
        OnCreate=script("sleep 1; echo ran >> $HOME/SageMaker/runs.txt"),
    )
    notebooks.create("unborn", LifecycleConfigName="slow")
    plane.kill()
    notebooks = restarted(plane)
    notebooks.wait("unborn", "in_service")
    assert notebooks.open("unborn").get("/api/contents/runs.txt")["content"] == "ran\n"


def test_a_stopped_plane_takes_its_instances_along_and_brings_them_back(
    plane_factory: PlaneFactory,
) -> None:
    plane = plane_factory()
    notebooks = Notebooks(plane)
    notebooks.create("phoenix")
    notebooks.wait("phoenix", "in_service")
    browser = notebooks.open("phoenix")
    browser.run("open('kept.txt', 'w').write('kept')")
    plane.stop()
    notebooks = restarted(plane)
    wait_until(lambda: status(notebooks, "phoenix") == "InService")
    again = notebooks.open("phoenix")
    assert again.get("/api/contents/kept.txt")["content"] == "kept"


def test_a_stop_that_the_plane_did_not_live_to_see_is_done(plane_factory: PlaneFactory) -> None:
    plane = plane_factory()
    notebooks = Notebooks(plane)
    notebooks.create("leaving")
    notebooks.wait("leaving", "in_service")
    notebooks.sagemaker.stop_notebook_instance(NotebookInstanceName="leaving")
    plane.kill()
    notebooks = restarted(plane)
    notebooks.wait("leaving", "stopped")
    notebooks.sagemaker.delete_notebook_instance(NotebookInstanceName="leaving")
    plane.kill()
    notebooks = restarted(plane)
    notebooks.wait("leaving", "deleted")
    assert not list((plane.state / "sagemaker" / "notebooks").iterdir())
