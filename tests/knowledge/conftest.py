"""What several tests of documents share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from realtime_agents.knowledge.extraction import Extractor


@pytest.fixture(scope="module")
def extractor() -> Iterator[Extractor]:
    """One process for all tests of a module: starting it takes a second."""
    with Extractor() as made:
        yield made
