from __future__ import annotations

import pytest

from realtime_agents.knowledge.filters import (
    EVER,
    NEVER,
    Days,
    Filters,
    allowed,
    days_of,
    filters_of,
    first_day,
    last_day,
)
from realtime_agents.knowledge.port import Document, Query


@pytest.mark.parametrize(
    ("date", "first", "last"),
    [
        ("2026-02-07", "2026-02-07", "2026-02-07"),
        ("2026-2-7", "2026-02-07", "2026-02-07"),
        ("2024-02", "2024-02-01", "2024-02-29"),
        ("2026", "2026-01-01", "2026-12-31"),
        (" 2026-02-07T10:00:00Z ", "2026-02-07", "2026-02-07"),
    ],
)
def test_a_date_is_its_first_or_its_last_day(date: str, first: str, last: str) -> None:
    assert (first_day(date), last_day(date)) == (first, last)


@pytest.mark.parametrize(
    "date", [None, "", "soon", "2026-13", "2026-02-30", "0000-01-01", "20260101", "2026-01-011"]
)
def test_what_is_no_date_is_no_day(date: str | None) -> None:
    assert (first_day(date), last_day(date)) == ("", "")


def test_a_document_without_dates_has_always_held() -> None:
    document = Document(id="a", title="", text="x", collection="c")
    assert days_of(document) == Days(first=EVER, last=NEVER, known="")
    assert allowed(Filters(in_force_on="1999-01-01"), collection="c", source_type="", days=days_of(document))
    assert not allowed(
        Filters(as_of_since="1999-01-01"), collection="c", source_type="", days=days_of(document)
    )


def test_filters_of_a_query_are_days() -> None:
    query = Query(text="x", collections=("c",), in_force_on="2026-05", as_of_since="nonsense")
    assert filters_of(query) == Filters(collections=("c",), in_force_on="2026-05-01")
    assert not Filters()
    assert Filters(collections=("c",))
