"""The SageMaker training toolkit's script-mode contract: `python -m kennel.runtimes.training`.

The folder SAGEMAKER_BASE_DIR, or /opt/ml, holds what AWS's service puts there before a container
starts: `input/config/{hyperparameters,inputdataconfig,resourceconfig}.json`, the channels below
`input/data` and, for Kennel, the source archive at `input/code/sourcedir.tar.gz`. The script runs
with its hyperparameters as arguments and every SM_ variable set; it leaves `model/` and
`output/`. The exit code is the script's, and `output/failure` says what went wrong.

Facts: aws/sagemaker-training-toolkit and aws/sagemaker-pytorch-training-toolkit.

Run it with `python -P -m`: the working directory may hold a user's module of any name.
"""

from __future__ import annotations

__all__: list[str] = []
