"""Words as people type them."""

from __future__ import annotations

import pytest

from realtime_agents.engine.dialogue.text import with_apostrophes


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("whats the income limit", "what's the income limit"),
        ("Dont I need it? I cant pay", "Don't I need it? I can't pay"),
        ("im 65", "i'm 65"),
        ("The VA cantina in Ohio", "The VA cantina in Ohio"),
    ],
)
def test_apostrophes_left_out_are_put_back(typed: str, meant: str) -> None:
    assert with_apostrophes(typed) == meant
