"""The Lab's Turn and Knowledge tabs: where the time of the latest turn went, and what the model saw."""

from __future__ import annotations

import reflex as rx

from realtime_agents.runtime import get_runtime
from realtime_agents.session.view import Turn, TurnMetrics
from realtime_agents.state.handlers import handler
from realtime_agents.state.model_input import ModelInput, PassageLine, read_model_input
from realtime_agents.state.waterfall import StepRow, waterfall
from realtime_agents.state.words import duration_words

TABS = ("turn", "events", "knowledge")


class InspectionState(rx.State):
    """Filled only while Lab is the chosen view."""

    tab: rx.Field[str] = rx.field("events")
    first_audio: rx.Field[str] = rx.field("")
    """Until the first sound of a spoken answer was heard; empty for a typed one."""
    first_token: rx.Field[str] = rx.field("")
    tokens_in: rx.Field[str] = rx.field("")
    cached: rx.Field[str] = rx.field("")
    tokens_out: rx.Field[str] = rx.field("")
    total: rx.Field[str] = rx.field("")
    steps: rx.Field[tuple[StepRow, ...]] = rx.field(())
    search_key: rx.Field[str] = rx.field("")
    """Turn id of the newest search; empty while there was none."""
    search_arguments: rx.Field[str] = rx.field("")
    search_summary: rx.Field[str] = rx.field("")
    passages: rx.Field[tuple[PassageLine, ...]] = rx.field(())
    given: rx.Field[str] = rx.field("")
    """The tool's output as the model read it."""
    given_whole: rx.Field[bool] = rx.field(default=True)

    @handler
    def choose_tab(self, tab: str) -> None:
        """Turn, Events or Knowledge."""
        if tab in TABS:
            self.tab = tab

    def _show(self, exchange: tuple[Turn, ...], turns: tuple[Turn, ...], session_id: str) -> None:
        """Show the present exchange and the newest search of the conversation."""
        answer = next((t for t in reversed(exchange) if t.role == "agent" and t.metrics), None)
        metrics = answer.metrics if answer and answer.metrics else TurnMetrics()
        share = f"{metrics.cached_tokens / metrics.input_tokens:.0%}" if metrics.input_tokens else ""
        self.first_audio = duration_words(metrics.first_audio_ms)
        self.first_token = duration_words(metrics.first_token_ms)
        self.tokens_in = f"{metrics.input_tokens:,}" if metrics.input_tokens else ""
        self.tokens_out = f"{metrics.output_tokens:,}" if metrics.output_tokens else ""
        self.cached, self.total = share, duration_words(metrics.total_ms)
        self.steps = waterfall(exchange)
        search = next((t for t in reversed(turns) if t.tool and t.tool.name == "search_knowledge"), None)
        if search is None or search.tool is None:
            self.search_key, self.passages, self.given = "", (), ""
            return
        self.search_key, self.search_arguments = search.id, search.tool.arguments
        self.search_summary = " · ".join(
            part for part in (search.tool.summary, duration_words(search.tool.duration_ms)) if part
        )
        seen = _given(session_id, search.tool.call_id)
        self.passages, self.given, self.given_whole = seen.sources, seen.text, seen.whole


def _given(session_id: str, call_id: str) -> ModelInput:
    session = get_runtime().registry.get(session_id) if session_id else None
    for row in reversed(tuple(session.event_log()) if session else ()):
        if row.direction == "client" and "function_call_output" in row.detail and call_id in row.payload:
            return read_model_input(row.payload)
    return ModelInput()
