"""All readings, those that win where two begin at the same place first."""

from __future__ import annotations

from typing import Final

from realtime_agents.engine.speech.reading import Reading
from realtime_agents.engine.speech.reading_codes import ANY_CODE, CODE_READINGS, PUBLIC_LAW
from realtime_agents.engine.speech.reading_markup import MARKUP_READINGS
from realtime_agents.engine.speech.reading_numbers import NUMBER_READINGS, PLAIN_READINGS
from realtime_agents.engine.speech.reading_ranges import RANGE_READINGS

READINGS: Final[tuple[Reading, ...]] = (
    PUBLIC_LAW,  # "Pub." and a spaced dash mean something else elsewhere
    *RANGE_READINGS,
    *MARKUP_READINGS,
    *CODE_READINGS,
    *NUMBER_READINGS,
    ANY_CODE,
    *PLAIN_READINGS,
)
