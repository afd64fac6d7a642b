from __future__ import annotations

from typing import Any

import pytest

from realtime_agents.protocol.codec import event_from_dict
from realtime_agents.protocol.events import ResponseDone
from realtime_agents.protocol.items import TranscriptionUsage, Usage
from realtime_agents.protocol.usage import (
    PRICES,
    PriceTable,
    TokenCount,
    UsageLedger,
    cost_usd,
    count_tokens,
    transcription_cost_usd,
)

FROM_THE_DOCS: dict[str, Any] = {
    "total_tokens": 253,
    "input_tokens": 132,
    "output_tokens": 121,
    "input_token_details": {
        "text_tokens": 119,
        "audio_tokens": 13,
        "image_tokens": 0,
        "cached_tokens": 64,
        "cached_tokens_details": {"text_tokens": 64, "audio_tokens": 0, "image_tokens": 0},
    },
    "output_token_details": {"text_tokens": 30, "audio_tokens": 91},
}


def usage(**members: Any) -> Usage:
    event = event_from_dict({"type": "response.done", "response": {"id": "r", "usage": members}})
    assert isinstance(event, ResponseDone)
    assert event.response.usage is not None
    return event.response.usage


def test_the_documented_usage_costs_what_the_price_page_says() -> None:
    tokens = count_tokens(usage(**FROM_THE_DOCS))
    assert (tokens.input, tokens.output, tokens.total, tokens.cached) == (132, 121, 253, 64)
    assert cost_usd(tokens, "gpt-realtime-2.1") == pytest.approx(0.0072056, abs=1e-12)


def test_cached_tokens_are_a_subset_and_never_counted_twice() -> None:
    cached = TokenCount(input_text=100, cached_text=100)
    assert cached.total == 100
    fresh_cost, cached_cost = (cost_usd(t, "gpt-realtime-2.1") for t in (TokenCount(input_text=100), cached))
    assert fresh_cost == pytest.approx(100 * 4.00e-6)
    assert cached_cost == pytest.approx(100 * 0.40e-6)


def test_every_kind_of_token_has_its_own_price() -> None:
    kinds: list[dict[str, int]] = [
        {"input_text": 1},
        {"input_audio": 1},
        {"input_image": 1},
        {"output_text": 1},
        {"output_audio": 1},
        {"input_text": 1, "cached_text": 1},
        {"input_audio": 1, "cached_audio": 1},
        {"input_image": 1, "cached_image": 1},
    ]
    costs = [cost_usd(TokenCount(**kind), "gpt-realtime-2.1-mini") for kind in kinds]
    assert costs == pytest.approx([p * 1e-6 for p in (0.60, 10.00, 0.80, 2.40, 20.00, 0.06, 0.30, 0.08)])


def test_tokens_without_details_count_as_text() -> None:
    tokens = count_tokens(usage(input_tokens=50, output_tokens=20))
    assert tokens == TokenCount(input_text=50, output_text=20)
    assert count_tokens(usage(input_tokens=50, input_token_details={"audio_tokens": 30})).input_text == 20


def test_cached_tokens_without_details_fill_text_then_audio() -> None:
    details = {"text_tokens": 10, "audio_tokens": 30, "cached_tokens": 25}
    tokens = count_tokens(usage(input_tokens=40, input_token_details=details))
    assert (tokens.cached_text, tokens.cached_audio) == (10, 15)


def test_more_cached_than_given_is_cut_to_what_was_given() -> None:
    details = {
        "text_tokens": 10,
        "audio_tokens": 5,
        "image_tokens": 1,
        "cached_tokens": 99,
        "cached_tokens_details": {"text_tokens": 30, "audio_tokens": 30, "image_tokens": 30},
    }
    tokens = count_tokens(usage(input_tokens=16, input_token_details=details))
    assert (tokens.cached_text, tokens.cached_audio, tokens.cached_image) == (10, 5, 1)


def test_a_dated_model_name_has_the_price_of_its_family_and_others_have_none() -> None:
    one = TokenCount(output_text=1)
    assert cost_usd(one, "gpt-realtime-2.1-mini-2026-09-01") == cost_usd(one, "gpt-realtime-2.1-mini")
    assert cost_usd(one, "gpt-realtime-2.1-max") is None
    assert cost_usd(one, "local") is None
    assert cost_usd(one, "gpt-realtime-2.1", PriceTable(as_of="2020-01-01", models={})) is None


@pytest.mark.parametrize(
    ("counted", "model", "expected"),
    [
        (TranscriptionUsage(type="duration", seconds=90), "gpt-transcribe", 0.00675),
        (TranscriptionUsage(type="duration", seconds=60), "gpt-live-transcribe", 0.017),
        (
            TranscriptionUsage(type="tokens", input_tokens=1000, output_tokens=100),
            "gpt-4o-transcribe",
            0.0035,
        ),
        (TranscriptionUsage(type="tokens", input_tokens=1000, output_tokens=100), "gpt-transcribe", None),
        (TranscriptionUsage(type="duration", seconds=90), "gpt-4o-mini-transcribe", None),
        (TranscriptionUsage(type="duration", seconds=90), "whisper-1", None),
    ],
)
def test_transcription_is_billed_by_time_or_by_tokens(
    counted: TranscriptionUsage, model: str, expected: float | None
) -> None:
    assert transcription_cost_usd(counted, model) == (None if expected is None else pytest.approx(expected))


def test_a_response_is_counted_once() -> None:
    ledger = UsageLedger()
    first = ledger.add("r1", usage(**FROM_THE_DOCS))
    assert ledger.add("r1", usage(**FROM_THE_DOCS)) == first
    ledger.add("r2", usage(input_tokens=8, output_tokens=2))
    ledger.add("r3", None)
    assert ledger.total.total == 263
    assert ledger.of("r1") == first
    assert ledger.of("r3") == ledger.of("unknown") == TokenCount()


def test_sums_do_not_depend_on_order() -> None:
    a, b = count_tokens(usage(**FROM_THE_DOCS)), TokenCount(input_image=3, cached_image=1)
    assert a + b == b + a
    assert (a + b).cached == 65


def test_the_price_table_is_dated() -> None:
    assert PRICES.as_of == "2026-11-20"
