"""How `make test` spreads the tests: what shares a server stays together, the long groups begin first."""

from __future__ import annotations

import pytest

from realtime_agents.settings import ROOT
from tests.support.together import ALSO_LONG, GROUPS, group_of, place_of


@pytest.mark.parametrize("pattern", [*(file for files in GROUPS.values() for file in files), *ALSO_LONG])
def test_what_is_named_is_there(pattern: str) -> None:
    assert list(ROOT.glob(pattern))


def test_a_group_or_a_file_is_never_split() -> None:
    voice = {
        group_of(f"tests/browser/test_voice_{name}.py::test_it[a::b/c.py]") for name in ("sound", "devices")
    }
    assert voice == {"voice"}
    assert group_of("tests/browser/test_page_panels.py::test_it") == "page"
    assert group_of("tests/test_cli.py::test_it[tests/browser/test_voice_sound.py]") == "tests/test_cli.py"


def test_the_longest_begin_first() -> None:
    files = (
        "browser/test_voice_sound",
        "browser/test_page_panels",
        "contract/test_upstream",
        "test_cli",
        "test_logs",
    )
    places = [place_of(f"tests/{name}.py::test_it") for name in files]
    assert places == sorted(set(places))
