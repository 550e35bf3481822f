"""Wheels of one module, made without any build."""

from __future__ import annotations

import io
import zipfile

__all__ = ["wheel"]


def wheel(name: str, version: str, module: str) -> bytes:
    """`name`-`version`-py3-none-any.whl, whose module `name` holds `module`."""
    info = f"{name}-{version}.dist-info"
    files = {
        f"{name}.py": module,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/RECORD": "",
    }
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for path, text in files.items():
            archive.writestr(path, text)
    return data.getvalue()
