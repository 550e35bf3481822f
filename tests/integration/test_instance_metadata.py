"""An instance's metadata over the wire, by the rules of IMDSv2."""

from __future__ import annotations

from botocore.exceptions import ClientError

from tests.integration.instance_metadata import Metadata
from tests.integration.notebooks import Notebooks, script
from tests.planes import Plane, wait_until

# Says where its metadata is, and lives until a file tells it to fail.
HOOK = """
echo endpoint $AWS_EC2_METADATA_SERVICE_ENDPOINT
until test -e "$HOME/SageMaker/go"; do sleep 0.1; done
exit 1
"""


def test_version_2_answers_nobody_without_a_token_and_nobody_after_the_end(plane: Plane) -> None:
    notebooks = Notebooks(plane)
    notebooks.sagemaker.create_notebook_instance_lifecycle_config(
        NotebookInstanceLifecycleConfigName="tells", OnStart=script(HOOK)
    )
    notebooks.create(
        "telling",
        LifecycleConfigName="tells",
        InstanceMetadataServiceConfiguration={"MinimumInstanceMetadataServiceVersion": "2"},
    )

    def said() -> str:
        try:
            return notebooks.log("telling", "LifecycleConfigOnStart")
        except ClientError:
            return ""

    metadata = Metadata(wait_until(said).split()[1])
    assert metadata.get("meta-data/instance-id", token=None)[0] == 401
    assert metadata.token("60") == 200
    assert metadata.get("meta-data/instance-id")[1].startswith("i-")
    assert metadata.get("meta-data/instance-type/") == (200, "t3.medium")
    for volume in (plane.state / "sagemaker" / "notebooks").glob("*/volume"):
        (volume / "go").touch()
    wait_until(lambda: notebooks.describe("telling")["NotebookInstanceStatus"] == "Failed")
    wait_until(lambda: metadata.get("meta-data/instance-id")[0] == 404)
