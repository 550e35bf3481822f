from __future__ import annotations

import io
import subprocess
import sys
import tarfile

from kennel.vision.archive import source_archive, source_files, write_source


def test_the_archive_holds_the_files_and_is_the_same_every_time():
    with tarfile.open(fileobj=io.BytesIO(source_archive()), mode="r:gz") as tar:
        found = {}
        for member in tar:
            file = tar.extractfile(member)
            assert file is not None
            found[member.name] = file.read()
    assert found == source_files()
    assert source_archive() == source_archive()
    assert {"train.py", "inference.py", "vision/training.py"} <= found.keys()
    assert not any("drawing" in name for name in found)


def test_nothing_in_it_needs_kennel(tmp_path):
    write_source(str(tmp_path))
    program = (
        "import sys; sys.modules['kennel'] = None\n"
        "import train, inference, vision.building, vision.preparation, vision.backbones\n"
        "print([name for name in ('torch', 'onnxruntime', 'onnx', 'boto3') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"
