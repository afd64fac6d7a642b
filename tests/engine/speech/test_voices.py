from __future__ import annotations

from typing import Literal, get_args, get_origin

import pytest
from openai.types.realtime.realtime_audio_config_output import Voice

from realtime_agents.engine.speech.voices import MAX_PACE, MIN_PACE, VOICES, pace, pitch


def test_every_voice_of_the_protocol_has_a_pitch_of_its_own_within_what_is_understood() -> None:
    named = next(get_args(member) for member in get_args(Voice) if get_origin(member) is Literal)
    assert set(VOICES) == set(named)
    factors = [pitch(voice) for voice in VOICES]
    assert len(set(factors)) == len(VOICES)
    assert all(0.82 <= factor <= 1.1 for factor in factors)


def test_a_name_that_is_not_known_is_the_plain_voice() -> None:
    assert pitch("kore") == pitch("marin") == 1


@pytest.mark.parametrize("voice", VOICES)
def test_the_model_speaks_faster_for_a_lower_voice_so_that_the_tempo_stays(voice: str) -> None:
    assert pace(1.0, pitch(voice)) * float(pitch(voice)) == pytest.approx(1.0)


def test_the_pace_stays_within_what_the_model_can_do() -> None:
    assert pace(0.25, pitch("marin")) == MIN_PACE
    assert pace(4.0, pitch("cedar")) == MAX_PACE
