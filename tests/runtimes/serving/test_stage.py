from __future__ import annotations

import itertools

import pytest

from kennel.runtimes.serving.stage import Stage, advance

ALLOWED = {
    "starting": {"installing", "loading", "failed", "stopping"},
    "installing": {"loading", "failed", "stopping"},
    "loading": {"ready", "preloading", "failed", "stopping"},
    "preloading": {"ready", "failed", "stopping"},
    "ready": {"failed", "stopping"},
    "failed": {"stopping"},
    "stopping": set(),
}


@pytest.mark.parametrize(("now", "then"), list(itertools.product(Stage, Stage)))
def test_only_what_may_follow_follows(now, then):
    if then.value in ALLOWED[now.value]:
        assert advance(now, then) is then
    else:
        with pytest.raises(ValueError, match="can't become"):
            advance(now, then)
