"""No input of the fuzzing's first moments, and none that ever found something, finds anything.

`make fuzz` searches on for as long as one likes.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.error_codes import SERVICES
from tests.fuzz.target import CORPUS, Search, Target, corpus_of
from tests.fuzz.targets import TARGETS
from tests.fuzz.targets.requests import PROTOCOLS

_INPUTS = {"gateway": 150, "sockets": 150}
_USUALLY = 400

pytestmark = pytest.mark.filterwarnings("ignore:.*EXIF")  # Pillow's, about a damaged picture


@pytest.fixture(scope="module", params=TARGETS, ids=[target.name for target in TARGETS])
def search(request):
    target: Target = request.param
    with target.opened() as check:
        yield Search(target, check)


def test_every_seed_is_taken(search: Search) -> None:
    for seed in search.target.seeds()[:: 1 + len(search.target.seeds()) // 50]:
        found = search.try_input(seed)
        assert found is None, found.error


def test_what_once_found_something_is_refused_or_answered(search: Search) -> None:
    for path in corpus_of(search.target.name):
        found = search.try_input(path.read_bytes())
        assert found is None, f"{path.name}: {found.error}"


def test_the_first_inputs_find_nothing(search: Search) -> None:
    search.through(_INPUTS.get(search.target.name, _USUALLY))
    assert not search.finds, "\n".join(find.error for find in search.finds.values())


def test_every_folder_of_the_corpus_is_a_targets() -> None:
    assert {path.name for path in CORPUS.iterdir()} <= {target.name for target in TARGETS}


def test_all_services_are_searched() -> None:
    assert set(PROTOCOLS) == set(SERVICES)


def test_the_corpus_is_small() -> None:
    assert sum(path.stat().st_size for path in Path(CORPUS).rglob("*") if path.is_file()) < 1 << 20
