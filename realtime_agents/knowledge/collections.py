"""Names of collections. Pure."""

from __future__ import annotations

import re

MAX_NAME_CHARS = 40
_NAME = re.compile(rf"[a-z0-9][a-z0-9_-]{{0,{MAX_NAME_CHARS - 1}}}")


def collection_problem(name: str) -> str:
    """Why a name cannot be a collection's, in words; empty when it can."""
    if _NAME.fullmatch(name):
        return ""
    return f"A collection's name has 1 to {MAX_NAME_CHARS} small letters, digits, '-' or '_', such as 'va-leaflets'."
