"""All readings, those that win where two begin at the same place first."""

from __future__ import annotations

from typing import Final

from realtime_agents.engine.speech.reading import Reading
from realtime_agents.engine.speech.reading_markup import MARKUP_READINGS

READINGS: Final[tuple[Reading, ...]] = (*MARKUP_READINGS,)
