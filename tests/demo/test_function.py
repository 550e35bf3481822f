from __future__ import annotations

import io
import zipfile

from kennel.demo.function import package


def test_the_zip_holds_the_handler_and_is_always_the_same():
    with zipfile.ZipFile(io.BytesIO(package())) as archive:
        (entry,) = archive.infolist()
        assert entry.filename == "lambda_function.py"
        assert entry.external_attr >> 16 == 0o644
        compile(archive.read(entry), entry.filename, "exec")
    assert package() == package()
