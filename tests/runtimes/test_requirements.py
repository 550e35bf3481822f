from __future__ import annotations

import importlib.metadata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kennel.runtimes.requirements import installable

TORCH = importlib.metadata.version("torch")


def chosen(tmp_path: Path, text: str) -> tuple[str, list[str]]:
    """What pip would read, and what the log would say."""
    path = tmp_path / "requirements.txt"
    path.write_text(text)
    name, sentences = installable(str(path))
    return (tmp_path / name).read_text(), sentences


@pytest.mark.parametrize(
    "line",
    ["torch==1.4.0", "torch", "Torch >= 1.4 ; python_version < '3.9'", "numpy[x]~=1.19  # old"],
)
def test_a_framework_that_is_here_is_not_installed_again(tmp_path, line):
    assert chosen(tmp_path, f"{line}\r\nboto3\n")[0] == "boto3\n"


@pytest.mark.parametrize(
    "line",
    [
        "torchmetrics==1.0",
        "torch-geometric",
        "./torch-99.0-py3-none-any.whl",
        "-r torch.txt",
        "torch @ https://example.org/torch.whl",
        "numpydoc",
    ],
)
def test_whatever_else_is_left_to_pip(tmp_path, line):
    assert chosen(tmp_path, line) == (line, [])


def test_a_version_that_is_here_needs_no_word(tmp_path):
    assert chosen(tmp_path, f"torch=={TORCH.partition('+')[0]}\ntorch\n") == ("", [])
    [sentence] = chosen(tmp_path, "torch==1.4.0")[1]
    assert f"asks for torch==1.4.0: this environment's torch {TORCH} stays" in sentence


@given(text=st.text())
def test_no_text_is_too_odd(tmp_path_factory, text):
    path = tmp_path_factory.mktemp("odd") / "requirements.txt"
    path.write_text(text, errors="surrogatepass")
    installable(str(path))
