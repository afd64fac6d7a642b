from __future__ import annotations

from dataclasses import replace

from realtime_agents.session.view import Citation, Handoff, ToolRow, Turn, TurnMetrics
from realtime_agents.state.rows import agent_face, source_rows, turn_row
from tests.state.fakes import benefits

FACES = {name: agent_face(agent) for name, agent in benefits().agents.items()}
CITED = Citation(
    n=1,
    passage_id="d#0",
    document_id="d",
    title="Costs",
    section="Part B",
    url="",
    as_of="2026-01",
    quote="q",
)


def test_an_answer_row_has_the_agents_ring_and_its_figures() -> None:
    metrics = TurnMetrics(
        input_tokens=1100, output_tokens=104, cached_tokens=960, first_token_ms=118, total_ms=4200
    )
    row = turn_row(
        Turn(
            id="a",
            role="agent",
            status="completed",
            agent="medicare",
            text="Yes [1]",
            at=2.5,
            metrics=metrics,
        ),
        FACES,
    )
    assert (row.name, row.initial, row.color, row.at_ms) == ("Medicare", "M", "blue", 2500)
    assert (row.first_token, row.tokens, row.cached, row.total) == ("118 ms", "1,204", "960", "4.20 s")


def test_an_answer_without_figures_shows_none() -> None:
    row = turn_row(Turn(id="a", role="agent", status="completed", agent="medicare"), FACES)
    assert (row.first_token, row.tokens, row.cached, row.total) == ("", "", "", "")


def test_an_agent_that_left_the_files_still_has_a_name() -> None:
    row = turn_row(Turn(id="a", role="agent", status="completed", agent="old_agent"), FACES)
    assert (row.name, row.initial) == ("Old agent", "O")


def test_a_tool_row_tells_what_it_did_and_keeps_its_arguments() -> None:
    tool = ToolRow(
        call_id="c",
        name="search_knowledge",
        arguments='{"query":"x"}',
        status="completed",
        summary="6 passages",
        duration_ms=41,
    )
    row = turn_row(Turn(id="t", role="tool", status="completed", tool=tool), FACES)
    assert (row.label, row.summary, row.duration) == ("Searched knowledge", "6 passages", "41 ms")
    assert row.detail == '{\n  "query": "x"\n}'


def test_a_tool_that_failed_says_so_even_without_words_of_its_own() -> None:
    tool = ToolRow(call_id="c", name="search_knowledge", arguments="{}", status="timeout")
    row = turn_row(Turn(id="t", role="tool", status="failed", tool=tool), FACES)
    assert (row.status, row.summary) == ("timeout", "took too long")


def test_a_handoff_row_uses_titles_and_the_reason() -> None:
    handoff = Handoff(source="greeter", target="medicare", reason="asks about costs")
    row = turn_row(Turn(id="h", role="handoff", status="completed", handoff=handoff), FACES)
    assert (row.label, row.summary) == ("Greeter → Medicare", "asks about costs")


def test_a_source_card_names_place_and_date() -> None:
    row = source_rows(Turn(id="a", role="agent", status="completed", citations=(CITED,)))[0]
    assert (row.key, row.n, row.meta) == ("a-1", 1, "Part B · as of 2026-01")


def test_an_interrupted_spoken_answer_knows_what_nobody_heard_of_it() -> None:
    heard = Turn(id="a", role="agent", status="interrupted", text="One two three", spoken=True, heard_chars=7)
    assert turn_row(heard, FACES).heard_chars == 7
    assert turn_row(replace(heard, heard_chars=0), FACES).heard_chars == 0
    assert turn_row(replace(heard, heard_chars=None), FACES).heard_chars == -1


def test_a_spoken_answer_tells_when_it_was_first_heard() -> None:
    metrics = TurnMetrics(first_token_ms=118, first_audio_ms=620)
    row = turn_row(Turn(id="a", role="agent", status="completed", metrics=metrics), FACES)
    assert row.first_audio == "620 ms"


def test_an_answer_says_how_far_its_sources_do_not_carry_it() -> None:
    turn = Turn(
        id="a",
        role="agent",
        status="completed",
        agent="medicare",
        text="Yes [1]",
        citations=(replace(CITED, supported=False),),
        metrics=TurnMetrics(unsourced=2),
    )
    assert turn_row(turn, FACES).summary == (
        "2 citations without a source left out · quotes words that its source does not hold"
    )
    assert [source.supported for source in source_rows(turn)] == [False]
    assert turn_row(replace(turn, citations=(CITED,), metrics=None), FACES).summary == ""
