"""What the second SDK does before and around a job; run in an environment of its own."""

import pathlib
import sys

import sagemaker
from sagemaker.estimator import Estimator

session = sagemaker.Session()
role = sagemaker.get_execution_role()
print(session.default_bucket(), session.account_id(), role)
script = pathlib.Path(sys.argv[1]) / "train.py"
script.write_text("print('trained')\n")
print(session.upload_data(str(script), key_prefix="source"))
image = sagemaker.image_uris.retrieve(
    "pytorch", "us-east-1", version="2.0", py_version="py310", image_scope="training",
    instance_type="ml.m5.large",
)  # fmt: skip
Estimator(
    image, role, 1, "ml.m5.large", entry_point=script.name, source_dir=str(script.parent),
    sagemaker_session=session,
).fit()  # fmt: skip
