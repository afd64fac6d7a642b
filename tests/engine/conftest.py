"""The real embedder, once for all dialogue tests."""

from __future__ import annotations

import pytest

from realtime_agents.embedding import load_embedder
from realtime_agents.engine.dialogue.plan import Dialogue
from realtime_agents.engine.dialogue.semantics import Semantics
from realtime_agents.errors import KnowledgeError


@pytest.fixture(scope="session")
def semantics() -> Semantics:
    try:
        return Semantics(load_embedder())
    except KnowledgeError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def dialogue(semantics: Semantics) -> Dialogue:
    return Dialogue(semantics)
