"""Which passages a search may return: the same rule for both legs and both stores.

Dates are compared by day. A date of a document may be a day, a month or a year; as the start of
a span it is its first day, as the end its last.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Sequence
from dataclasses import dataclass

from realtime_agents.knowledge.port import Document, Query, SourceType

EVER = "0001-01-01"
"""First day of what has always held."""
NEVER = "9999-12-31"
"""Last day of what holds until further notice."""

_DATE = re.compile(r"(\d{4})(?:-(\d{1,2})(?:-(\d{1,2}))?)?(?![\d-])")


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """What a search is limited to. Empty lets everything through."""

    collections: tuple[str, ...] = ()
    source_types: tuple[SourceType, ...] = ()
    in_force_on: str = ""
    """ISO day."""
    as_of_since: str = ""
    """ISO day."""

    def __bool__(self) -> bool:
        return bool(self.collections or self.source_types or self.in_force_on or self.as_of_since)


@dataclass(frozen=True, slots=True, kw_only=True)
class Days:
    """The dates of a document as days that can be compared as text."""

    first: str
    last: str
    known: str
    """Day to which it is known to be true; empty when the document does not say."""


def filters_of(query: Query) -> Filters:
    """The filters of a query; a date that is none filters nothing."""
    return Filters(
        collections=query.collections,
        source_types=query.source_types,
        in_force_on=first_day(query.in_force_on),
        as_of_since=first_day(query.as_of_since),
    )


def days_of(document: Document) -> Days:
    """The days between which a document holds, and the one to which it is known to be true."""
    return Days(
        first=first_day(document.effective_from) or EVER,
        last=last_day(document.effective_to) or NEVER,
        known=last_day(document.as_of),
    )


def first_day(date: str | None) -> str:
    """``2026-01`` → ``2026-01-01``; empty for what is no date."""
    return _day(date, last=False)


def last_day(date: str | None) -> str:
    """``2026-02`` → ``2026-02-28``; empty for what is no date."""
    return _day(date, last=True)


def _day(date: str | None, *, last: bool) -> str:
    match = _DATE.match((date or "").strip())
    if match is None:
        return ""
    year, month, day = (int(part) if part else 0 for part in match.groups())
    if not 1 <= year <= 9999 or month > 12:
        return ""
    month = month or (12 if last else 1)
    length = calendar.monthrange(year, month)[1]
    if day > length:
        return ""
    return f"{year:04}-{month:02}-{day or (length if last else 1):02}"


def allowed(filters: Filters, *, collection: str, source_type: str, days: Days) -> bool:
    """The rule itself, for one document."""
    return (
        _among(collection, filters.collections)
        and _among(source_type, filters.source_types)
        and (not filters.in_force_on or days.first <= filters.in_force_on <= days.last)
        and (not filters.as_of_since or days.known >= filters.as_of_since)
    )


def _among(value: str, wanted: Sequence[str]) -> bool:
    return not wanted or value in wanted
