from __future__ import annotations

from realtime_agents.session.view import Handoff, ToolRow, Turn, TurnMetrics
from realtime_agents.state.inspection import waterfall

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
