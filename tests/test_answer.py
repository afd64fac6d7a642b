from __future__ import annotations

from dataclasses import replace

from realtime_agents.answer import answer_to
from realtime_agents.session.view import Citation, Handoff, ToolRow, Turn, TurnMetrics

SOURCE = Citation(
    n=1,
    passage_id="d#0",
    document_id="d",
    title="T",
    section="S",
    url="https://x",
    as_of="2026-01",
    quote="q",
)
ASKED = Turn(id="u1", role="user", status="completed", text="How much?")
CALL = Turn(
    id="t1",
    role="tool",
    status="completed",
    tool=ToolRow(call_id="c1", name="find", arguments='{"q": 1}', status="completed", duration_ms=4),
)
SAID = Turn(
    id="a1",
    role="agent",
    status="completed",
    agent="medicare",
    text="$5 [1]",
    citations=(SOURCE,),
    metrics=TurnMetrics(input_tokens=100, output_tokens=5, cached_tokens=64, first_token_ms=90, total_ms=200),
)


def test_only_what_follows_the_last_question_is_the_answer() -> None:
    earlier = replace(SAID, id="a0", text="old")
    answer = answer_to([ASKED, earlier, replace(ASKED, id="u2"), CALL, SAID])
    assert answer.text == "$5 [1]"
    assert [t.name for t in answer.tool_calls] == ["find"]


def test_the_json_object_has_the_documented_keys() -> None:
    handoff = Turn(
        id="h",
        role="handoff",
        status="completed",
        handoff=Handoff(source="greeter", target="medicare", reason="r"),
    )
    body = answer_to([ASKED, handoff, CALL, SAID]).to_json()
    assert list(body) == [
        "answer",
        "agent",
        "citations",
        "tool_calls",
        "handoffs",
        "usage",
        "timings_ms",
        "abstained",
    ]
    assert body["citations"][0].keys() >= {"document_id", "title", "section", "url", "as_of", "quote"}
    assert body["tool_calls"] == [
        {"name": "find", "arguments": {"q": 1}, "status": "completed", "duration_ms": 4}
    ]
    assert body["handoffs"] == [{"source": "greeter", "target": "medicare", "reason": "r"}]
    assert body["usage"] == {"input_tokens": 100, "output_tokens": 5, "cached_tokens": 64}
    assert body["timings_ms"] == {"first_token": 90, "total": 200}


def test_an_interrupted_or_missing_answer_is_not_complete() -> None:
    assert not answer_to([ASKED]).completed
    assert not answer_to([ASKED, replace(SAID, status="interrupted")]).completed
    assert answer_to([ASKED, SAID]).completed


def test_what_went_wrong_is_told_in_the_words_of_the_conversation() -> None:
    crumb = Turn(id="b", role="breadcrumb", status="failed", text="The key was refused.")
    broken = answer_to([ASKED, crumb])
    assert broken.problem == broken.to_json()["error"] == "The key was refused."
    assert "error" not in answer_to([ASKED, crumb, SAID]).to_json()


def test_arguments_that_are_not_json_are_kept_as_text() -> None:
    assert CALL.tool is not None
    broken = replace(CALL, tool=replace(CALL.tool, arguments="{oops"))
    assert answer_to([ASKED, broken, SAID]).to_json()["tool_calls"][0]["arguments"] == "{oops"
