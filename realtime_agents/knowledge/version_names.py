"""How versions of a knowledge base are named, kept and given up: the same in every store."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

FIRST = "first"
"""The version that is there before any rebuild; whoever makes it gives it the same name."""
OLDER_KEPT = 2
UNFINISHED_AFTER = timedelta(days=1)
"""A version that is not finished after this was left behind by a process that ended."""
_STAMP = "%Y%m%d-%H%M%S-%f"


def new_name() -> str:
    """A name for a version that is made now. Names sort by age, but for `FIRST`: see `by_age`."""
    return datetime.now(UTC).strftime(_STAMP)


def made_at(name: str) -> datetime | None:
    """None for `FIRST`, and for what is no version's name."""
    try:
        return datetime.strptime(name, _STAMP).replace(tzinfo=UTC)
    except ValueError:
        return None


def by_age(name: str) -> str:
    """Sorts versions by when they were made."""
    return "" if name == FIRST else name


def is_left_behind(name: str) -> bool:
    """Of a version that is not finished: nobody is making it any more."""
    made = made_at(name)
    return made is not None and made < datetime.now(UTC) - UNFINISHED_AFTER
