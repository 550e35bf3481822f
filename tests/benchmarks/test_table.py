"""The table lines up and its file holds everything."""

from __future__ import annotations

import json

from benchmarks.row import Row, Series
from benchmarks.table import as_text, write

ROWS = [
    Row("start", Series("start to ready", (0.5,), "s"), Series("other", (1.0,), "s"), target=0.7),
    Row("S3", Series("put", (1234.5,), "ms"), target=1.0),
]


def test_columns_stand_under_their_titles():
    title, *lines = [line for line in as_text(ROWS).splitlines() if line]
    cells = [line for line in lines if line.startswith("  ")]
    assert len(cells) == 2
    end = title.index("median") + len("median")
    assert [line[:end].rsplit("  ", 1)[-1].strip() for line in cells] == ["0.500 s", "1,234 ms"]
    assert cells[0].endswith("yes")
    assert cells[1].endswith("NO")


def test_each_part_is_named_once():
    text = as_text([*ROWS, *ROWS[1:]])
    assert text.splitlines().count("S3") == 1


def test_the_file_holds_rows_and_machine(tmp_path):
    path = tmp_path / "results" / "latest.json"
    write(ROWS, 12.34, path)
    content = json.loads(path.read_text())
    assert [row["part"] for row in content["rows"]] == ["start", "S3"]
    assert content["seconds"] == 12.3
    assert content["machine"]["cores"] >= 1
