"""What the third SDK does around a job; run in an environment of its own."""

import pathlib
import sys

from sagemaker.core.helper.session_helper import Session, get_execution_role
from sagemaker.core.resources import TrainingJob

session = Session()
print(session.default_bucket(), session.account_id(), get_execution_role(session))
file = pathlib.Path(sys.argv[1]) / "train.py"
file.write_text("print('trained')\n")
print(session.upload_data(str(file), key_prefix="source"))
print(list(TrainingJob.get_all()))
