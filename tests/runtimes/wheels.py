"""Wheels of one module, made without any build."""

from __future__ import annotations

import io
import zipfile

__all__ = ["wheel"]


def wheel(name: str, version: str, module: str, program: str = "") -> bytes:
    """`name`-`version`-py3-none-any.whl, whose module `name` holds `module`. `program` is the
    name of a console program that calls the module's `main`."""
    info = f"{name}-{version}.dist-info"
    files = {
        f"{name}.py": module,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/RECORD": "",
    }
    if program:
        files[f"{info}/entry_points.txt"] = f"[console_scripts]\n{program} = {name}:main\n"
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for path, text in files.items():
            archive.writestr(path, text)
    return data.getvalue()
