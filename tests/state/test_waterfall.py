from __future__ import annotations

from dataclasses import replace

from realtime_agents.session.view import Handoff, TimelineMark, ToolRow, Turn, TurnMetrics
from realtime_agents.state.waterfall import StepRow, waterfall

ASKED = Turn(id="u", role="user", status="completed", at=100.0)
TOOL = Turn(
    id="t",
    role="tool",
    status="completed",
    at=100.1,
    tool=ToolRow(call_id="c", name="search_knowledge", arguments="{}", status="completed", duration_ms=50),
)
ANSWER = Turn(
    id="a", role="agent", status="completed", at=100.2, metrics=TurnMetrics(first_token_ms=200, total_ms=1000)
)


def test_bars_stand_where_and_as_long_as_their_step_took() -> None:
    steps = {step.label: step for step in waterfall((ASKED, TOOL, ANSWER))}
    assert (steps["Searched knowledge"].left, steps["Searched knowledge"].width) == ("10.00%", "5.00%")
    assert (steps["First token"].left, steps["First token"].width) == ("0.00%", "20.00%")
    assert (steps["Answer"].left, steps["Answer"].width, steps["Answer"].words) == (
        "20.00%",
        "80.00%",
        "800 ms",
    )


def test_a_handoff_is_a_moment() -> None:
    handoff = Turn(
        id="h", role="handoff", status="completed", at=100.05, handoff=Handoff(source="a", target="b")
    )
    step = next(s for s in waterfall((ASKED, handoff, ANSWER)) if s.kind == "handoff")
    assert step.words == "at 50 ms"


def test_a_turn_that_only_began_has_no_waterfall() -> None:
    assert waterfall((ASKED,)) == ()
    assert waterfall((TOOL, ANSWER)) == ()


SPOKEN = (
    TimelineMark(name="speech_start", at_ms=-2100),
    TimelineMark(name="speech_end", at_ms=0),
    TimelineMark(name="vad", at_ms=300),
    TimelineMark(name="commit", at_ms=312),
    TimelineMark(name="transcript", at_ms=420),
    TimelineMark(name="first_event", at_ms=425),
    TimelineMark(name="tool:search_knowledge", at_ms=430, duration_ms=41),
    TimelineMark(name="search", at_ms=433, duration_ms=36),
    TimelineMark(name="first_text", at_ms=500),
    TimelineMark(name="first_audio_sent", at_ms=548),
    TimelineMark(name="first_audio_heard", at_ms=600),
    TimelineMark(name="audio_end", at_ms=9600),
)


def spoken(*marks: TimelineMark) -> dict[str, StepRow]:
    return {step.label: step for step in waterfall((ASKED, replace(ANSWER, timeline=marks or SPOKEN)))}


def test_a_spoken_turn_is_drawn_from_the_first_sound_to_the_last() -> None:
    steps = spoken()
    assert list(steps) == [
        "Speech",
        "End of speech",
        "Commit",
        "Transcription",
        "First event",
        "Searched knowledge",
        "Search",
        "First words",
        "First audio sent",
        "First audio heard",
        "Speaking",
    ]
    assert (steps["End of speech"].words, steps["Searched knowledge"].words) == ("300 ms", "41 ms")
    assert (steps["Commit"].words, steps["Search"].words) == ("12 ms", "36 ms")
    assert steps["First words"].words == "29 ms"  # after the tool
    assert (steps["Speech"].words, steps["Speaking"].words) == ("2.10 s", "9.00 s")


def test_without_voice_detection_the_commit_follows_the_speech() -> None:
    """Push-to-talk: the button ends the turn."""
    steps = spoken(*[mark for mark in SPOKEN if mark.name != "vad"])
    assert "End of speech" not in steps
    assert steps["Commit"].words == "312 ms"


def test_the_wait_stays_readable_beside_long_speech_and_a_long_answer() -> None:
    steps = spoken()
    assert (steps["Speech"].cut, steps["Speaking"].cut) == ("left", "right")
    assert steps["Speech"].left == "0.00%"
    assert float(steps["Speaking"].left.rstrip("%")) + float(steps["Speaking"].width.rstrip("%")) == 100
    waiting = float(steps["First audio heard"].left.rstrip("%")) - float(
        steps["End of speech"].left.rstrip("%")
    )
    assert waiting > 30


def test_a_spoken_turn_whose_sound_was_never_heard_ends_where_it_ended() -> None:
    steps = spoken(*SPOKEN[:9])
    assert list(steps)[-1] == "First words"
    assert all(0 <= float(step.left.rstrip("%")) <= 99.2 for step in steps.values())
