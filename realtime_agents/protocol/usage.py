"""Tokens per modality and what they cost.

Cached tokens are a subset of input tokens: they are priced apart and never counted twice. Tokens
that the details do not account for, such as reasoning, count as text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Final

from realtime_agents.protocol.items import TranscriptionUsage, Usage

_PER_TOKEN: Final = 1e-6
_DATED = re.compile(r"-\d{4}-\d{2}-\d{2}$")


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenCount:
    """Tokens of one or many responses. ``cached_*`` are part of ``input_*``."""

    input_text: int = 0
    input_audio: int = 0
    input_image: int = 0
    cached_text: int = 0
    cached_audio: int = 0
    cached_image: int = 0
    output_text: int = 0
    output_audio: int = 0

    @property
    def input(self) -> int:
        return self.input_text + self.input_audio + self.input_image

    @property
    def cached(self) -> int:
        return self.cached_text + self.cached_audio + self.cached_image

    @property
    def output(self) -> int:
        return self.output_text + self.output_audio

    @property
    def total(self) -> int:
        return self.input + self.output

    def __add__(self, other: TokenCount) -> TokenCount:
        return TokenCount(
            **{f.name: getattr(self, f.name) + getattr(other, f.name) for f in fields(TokenCount)}
        )


def count_tokens(usage: Usage) -> TokenCount:
    """Sort one response's usage by modality."""
    given, made = usage.input_token_details, usage.output_token_details
    cached = given.cached_tokens_details
    sorted_in = given.text_tokens + given.audio_tokens + given.image_tokens
    text = given.text_tokens + max(0, usage.input_tokens - sorted_in)
    sorted_cached = cached.text_tokens + cached.audio_tokens + cached.image_tokens
    unsorted_cached = max(0, given.cached_tokens - sorted_cached)
    text_cached = min(cached.text_tokens + unsorted_cached, text)
    overflow = cached.text_tokens + unsorted_cached - text_cached
    return TokenCount(
        input_text=text,
        input_audio=given.audio_tokens,
        input_image=given.image_tokens,
        cached_text=text_cached,
        cached_audio=min(cached.audio_tokens + overflow, given.audio_tokens),
        cached_image=min(cached.image_tokens, given.image_tokens),
        output_text=made.text_tokens + max(0, usage.output_tokens - made.text_tokens - made.audio_tokens),
        output_audio=made.audio_tokens,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenPrices:
    """USD per million tokens."""

    text_in: float
    text_cached: float
    text_out: float
    audio_in: float
    audio_cached: float
    audio_out: float
    image_in: float
    image_cached: float


@dataclass(frozen=True, slots=True, kw_only=True)
class TranscriptionPrice:
    """USD per minute of audio, or per million tokens."""

    usd_per_minute: float | None = None
    usd_per_million_in: float | None = None
    usd_per_million_out: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceTable:
    """Prices on one day. Models that are missing have no known price."""

    as_of: str
    """ISO date of the newest price in the table."""
    models: Mapping[str, TokenPrices]
    transcription: Mapping[str, TranscriptionPrice] = field(default_factory=dict)


_FULL = TokenPrices(
    text_in=4.00,
    text_cached=0.40,
    text_out=24.00,
    audio_in=32.00,
    audio_cached=0.40,
    audio_out=64.00,
    image_in=5.00,
    image_cached=0.50,
)
_OLDER = TokenPrices(
    text_in=4.00,
    text_cached=0.40,
    text_out=16.00,
    audio_in=32.00,
    audio_cached=0.40,
    audio_out=64.00,
    image_in=5.00,
    image_cached=0.50,
)
_MINI = TokenPrices(
    text_in=0.60,
    text_cached=0.06,
    text_out=2.40,
    audio_in=10.00,
    audio_cached=0.30,
    audio_out=20.00,
    image_in=0.80,
    image_cached=0.08,
)

PRICES: Final = PriceTable(
    as_of="2026-11-20",
    models={
        "gpt-realtime-2.1": _FULL,
        "gpt-realtime-2": _FULL,
        "gpt-realtime-1.5": _OLDER,
        "gpt-realtime-2.1-mini": _MINI,
    },
    transcription={
        "gpt-transcribe": TranscriptionPrice(usd_per_minute=0.0045),
        "gpt-live-transcribe": TranscriptionPrice(usd_per_minute=0.017),
        "gpt-realtime-whisper": TranscriptionPrice(usd_per_minute=0.017),
        "gpt-4o-transcribe": TranscriptionPrice(usd_per_million_in=2.50, usd_per_million_out=10.00),
        "gpt-4o-mini-transcribe": TranscriptionPrice(usd_per_million_in=1.25, usd_per_million_out=5.00),
    },
)
"""From OpenAI's model pages."""


def cost_usd(tokens: TokenCount, model: str, prices: PriceTable = PRICES) -> float | None:
    """What the tokens cost on a model; ``None`` when its price is not known."""
    price = prices.models.get(model) or prices.models.get(_DATED.sub("", model))
    if price is None:
        return None
    return _PER_TOKEN * (
        (tokens.input_text - tokens.cached_text) * price.text_in
        + (tokens.input_audio - tokens.cached_audio) * price.audio_in
        + (tokens.input_image - tokens.cached_image) * price.image_in
        + tokens.cached_text * price.text_cached
        + tokens.cached_audio * price.audio_cached
        + tokens.cached_image * price.image_cached
        + tokens.output_text * price.text_out
        + tokens.output_audio * price.audio_out
    )


def transcription_cost_usd(
    usage: TranscriptionUsage, model: str, prices: PriceTable = PRICES
) -> float | None:
    """What transcribing one item cost; ``None`` when the price does not fit what was counted."""
    price = prices.transcription.get(model) or prices.transcription.get(_DATED.sub("", model))
    if price is None:
        return None
    if price.usd_per_minute is not None:
        return None if usage.seconds is None else usage.seconds / 60 * price.usd_per_minute
    if price.usd_per_million_in is None or price.usd_per_million_out is None or usage.input_tokens is None:
        return None
    made = (usage.output_tokens or 0) * price.usd_per_million_out
    return _PER_TOKEN * (usage.input_tokens * price.usd_per_million_in + made)


class UsageLedger:
    """Tokens per response and in total. A response is counted once, whatever is sent twice."""

    def __init__(self) -> None:
        self._responses: dict[str, TokenCount] = {}
        self._total = TokenCount()

    @property
    def total(self) -> TokenCount:
        return self._total

    def add(self, response_id: str, usage: Usage | None) -> TokenCount:
        """Count a response that ended; returns its tokens."""
        known = self._responses.get(response_id)
        if known is not None:
            return known
        tokens = TokenCount() if usage is None else count_tokens(usage)
        self._responses[response_id] = tokens
        self._total += tokens
        return tokens

    def of(self, response_id: str) -> TokenCount:
        """Tokens of one response; zeros when it is unknown."""
        return self._responses.get(response_id, TokenCount())
