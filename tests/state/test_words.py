from __future__ import annotations

import pytest

from realtime_agents.state.words import (
    count_words,
    duration_words,
    initial,
    pretty_json,
    status_words,
    tool_words,
)


@pytest.mark.parametrize(
    ("ms", "words"),
    [(None, ""), (0, "0 ms"), (41.4, "41 ms"), (1240, "1.24 s"), (61_500, "1 min 2 s"), (12_340, "12.3 s")],
)
def test_a_duration_is_said_in_the_unit_that_fits(ms: float | None, words: str) -> None:
    assert duration_words(ms) == words


def test_a_count_has_its_plural_and_its_separator() -> None:
    assert [count_words(n, "row") for n in (0, 1, 1204)] == ["0 rows", "1 row", "1,204 rows"]


def test_a_known_tool_says_what_it_does_and_an_unknown_one_its_name() -> None:
    assert tool_words("search_knowledge", running=True) == "Searching knowledge"
    assert tool_words("search_knowledge", running=False) == "Searched knowledge"
    assert tool_words("find_hospital", running=False) == "Find hospital"


def test_the_status_line_names_the_agent_while_connected_and_only_then() -> None:
    assert status_words("ready", "speaking", "Medicare") == "Medicare is answering"
    assert status_words("ready", "idle", "Medicare") == "Medicare is ready"
    assert "Medicare" not in status_words("closed", "speaking", "Medicare")


def test_a_ring_has_a_letter_even_without_a_title() -> None:
    assert [initial(title) for title in ("medicare", "…VA", "")] == ["M", "V", "·"]


def test_arguments_that_are_no_json_are_shown_as_they_came() -> None:
    assert pretty_json('{"a":1}') == '{\n  "a": 1\n}'
    assert pretty_json('{"a":') == '{"a":'
