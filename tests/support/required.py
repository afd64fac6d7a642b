"""What a test needs and may be missing: it is skipped, or fails where a variable says that it must be there."""

from __future__ import annotations

import os
from typing import Literal, NoReturn

import pytest


def missing(reason: str, unless: Literal["REQUIRE_SPEECH"]) -> NoReturn:
    """End the test: skipped for ``reason``, failed when the variable ``unless`` is set."""
    if os.environ.get(unless):
        pytest.fail(f"{unless} is set, but {reason}")
    pytest.skip(reason)
