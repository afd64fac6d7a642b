"""Words of somebody in danger: they are answered at once, by no model and no tool."""

from __future__ import annotations

import re

CRISIS_ANSWER = (
    "I'm glad you said that. Please talk to someone now: dial 988, and press 1 for the Veterans Crisis Line. "
    "It is free, confidential and open day and night, for veterans, service members and the people close to "
    "them; without the 1, the same number helps everybody. If someone is in danger right now, call 911."
)
"""Spoken and shown as it is. Veterans Crisis Line: dial 988, then press 1."""

_SELF = r"(?:my|him|her|your|them)sel(?:f|ves)"
_CRISIS = re.compile(
    rf"""\b(?:
        (?:kill|hurt|harm|shoot|hang|cut)(?:s|ing)?\ {_SELF}
      | (?:end|ending|take|taking)\ (?:my|his|her|their)\ (?:own\ )?life
      | (?:am|is|are|'m|'s|'re|be|been|feel|feels|feeling|felt)\ (?:\w+\ )?suicidal
      | (?:commit|committing|thinking\ (?:about|of)|thoughts\ of|considering|attempt(?:ed|ing)?)\ suicide
      | (?:want|wants|wanted|going|plan|planning)\ to\ die
      | (?:do\ not|don't|dont|does\ not|doesn't)\ want\ to\ (?:live|be\ alive|be\ here\ any\ ?more|wake\ up)
      | (?:no|without\ a)\ reason\ to\ live
      | (?:i|we|they|everyone|everybody)(?:'d|\ would|\ is|\ are)?\ be(?:\ \w+)?\ better\ off\ (?:dead|without\ me)
      | better\ off\ (?:dead|without\ me)
    )\b""",
    re.IGNORECASE | re.VERBOSE,
)


def speaks_of_crisis(text: str) -> bool:
    """True for words of suicide or self-harm, about oneself or somebody close.

    Errs towards True: the answer costs a sentence, a miss may cost more. Questions about
    prevention as a benefit ("does Medicare cover suicide prevention?") are not meant.
    """
    return _CRISIS.search(" ".join(text.replace("’", "'").split())) is not None
