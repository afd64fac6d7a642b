"""What an answer cost."""

from __future__ import annotations

from realtime_agents.protocol.items import (
    CachedTokensDetails,
    InputTokenDetails,
    OutputTokenDetails,
    Usage,
)
from realtime_agents.session.metrics import Meter, usage_entry
from realtime_agents.session.view import TurnMetrics
from tests.support.scripted import tokens


def test_tokens_add_up_over_responses_and_only_the_first_words_count_for_the_wait() -> None:
    meter = Meter(100.0)
    meter.on_usage(tokens(10, 2, 4))
    meter.on_text(100.25)
    meter.on_text(101.0)
    meter.on_usage(tokens(30, 5, 20))
    assert meter.read(102.0) == TurnMetrics(
        input_tokens=40, output_tokens=7, cached_tokens=24, first_token_ms=250, total_ms=2000
    )


def test_an_answer_without_words_has_no_time_to_its_first() -> None:
    assert Meter(0.0).read(1.0) == TurnMetrics(total_ms=1000)


def test_a_usage_record_holds_tokens_by_kind() -> None:
    cached = CachedTokensDetails(text_tokens=64)
    usage = Usage(
        total_tokens=253,
        input_tokens=132,
        output_tokens=121,
        input_token_details=InputTokenDetails(
            text_tokens=119, audio_tokens=13, cached_tokens=64, cached_tokens_details=cached
        ),
        output_token_details=OutputTokenDetails(text_tokens=30, audio_tokens=91),
    )
    entry = usage_entry("resp_1", usage, agent="va", model="m", at=5.0)
    assert (entry.input_text_tokens, entry.input_audio_tokens, entry.cached_text_tokens) == (119, 13, 64)
    assert (entry.output_text_tokens, entry.output_audio_tokens) == (30, 91)
    assert (entry.response_id, entry.agent, entry.model, entry.at) == ("resp_1", "va", "m", 5.0)
