"""The voices of the Realtime API, all made from the one voice that ships: raised or lowered."""

from __future__ import annotations

from fractions import Fraction
from typing import Final

DEFAULT_VOICE: Final = "marin"

_PITCH: Final = {
    "marin": Fraction(1),
    "cedar": Fraction(41, 50),
    "alloy": Fraction(19, 20),
    "ash": Fraction(21, 25),
    "ballad": Fraction(9, 10),
    "coral": Fraction(21, 20),
    "echo": Fraction(22, 25),
    "sage": Fraction(26, 25),
    "shimmer": Fraction(11, 10),
    "verse": Fraction(23, 25),
}

VOICES: Final = tuple(_PITCH)
"""Names of the Realtime API."""

MIN_PACE: Final = 0.5
MAX_PACE: Final = 2.0
"""What the speech model can do; the wire's 0.25 is spoken at 0.5."""


def pitch(voice: str) -> Fraction:
    """The factor for the fundamental frequency of a voice, 0.82…1.1; 1 for a name that is not known.

    Below 0.8 words begin to be misheard. A name never reaches the speech model: it would try to
    download a voice of that name.
    """
    return _PITCH.get(voice, Fraction(1))


def pace(speed: float, factor: Fraction) -> float:
    """How fast the model must speak so that, after its pitch is changed, the tempo is ``speed``."""
    return min(max(speed / float(factor), MIN_PACE), MAX_PACE)
