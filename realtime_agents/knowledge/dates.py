"""Dates as files and pages write them, in the one form that is stored. Pure."""

from __future__ import annotations

import re
from datetime import date

_ISO = re.compile(r"\d{4}(?:-(?:0[1-9]|1[0-2])(?:-(?:0[1-9]|[12]\d|3[01]))?)?(?=$|[T ])")
_WRITTEN = re.compile(
    r"(?:(?P<day>\d{1,2}) )?(?P<month>jan|feb|mar|apr|may|june?|july?|aug|sept?|oct|nov|dec)[a-z]*\.?"
    r"(?: (?P<later>\d{1,2})(?:st|nd|rd|th)?,?)? (?P<year>\d{4})",
    re.IGNORECASE,
)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


def iso_date(words: str) -> str | None:
    """``YYYY``, ``YYYY-MM`` or ``YYYY-MM-DD`` at the start of ``words``, also from ``January 15, 2026``.

    None for anything else; dates in figures alone (``05/01/2019``) are read differently in different places.
    """
    words = " ".join(words.split())
    if found := _ISO.match(words):
        return found.group()
    if (written := _WRITTEN.match(words)) is None:
        return None
    month = _MONTHS.index(written["month"][:3].lower()) + 1
    day = written["day"] or written["later"]
    if day is None:
        return f"{written['year']}-{month:02}"
    try:
        return date(int(written["year"]), month, int(day)).isoformat()
    except ValueError:
        return None
