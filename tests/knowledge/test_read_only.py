"""The embedded store on files that really may not be written."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from realtime_agents.errors import KnowledgeError
from realtime_agents.knowledge.port import Document, Query
from realtime_agents.knowledge.store import EmbeddedKnowledgeBase
from tests.knowledge.fakes import HashEmbedder

NOBODY = 65534
PAGE = Document(id="flag", title="Burial flags", collection="va", text="A flag drapes the casket.")

pytestmark = pytest.mark.skipif(not hasattr(os, "seteuid"), reason="rights on files are another matter here")


@pytest.fixture
def folder() -> Iterator[Path]:
    """Outside pytest's own folders, which only their owner may enter."""
    made = Path(tempfile.mkdtemp(prefix="read-only-"))
    made.chmod(0o755)
    yield made
    made.chmod(0o755)
    shutil.rmtree(made)


def writable(folder: Path) -> None:
    folder.chmod(0o755)
    for file in folder.iterdir():
        file.chmod(0o644)


@contextmanager
def unwritable(*paths: Path) -> Iterator[None]:
    """Nobody may write them, nor may we: for whom no rights count gives them up meanwhile."""
    for path in paths:
        path.chmod(path.stat().st_mode & ~0o222)
    own = os.geteuid()
    if own == 0:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        if own == 0:
            os.seteuid(own)


async def filled(folder: Path) -> EmbeddedKnowledgeBase:
    kb = EmbeddedKnowledgeBase(folder / "knowledge.db", HashEmbedder)
    await kb.upsert([PAGE])
    await kb.close()
    return EmbeddedKnowledgeBase(folder / "knowledge.db", HashEmbedder)


@pytest.mark.parametrize("file_too", [True, False], ids=["file and folder", "folder"])
async def test_a_folder_that_may_not_be_written_is_told_in_plain_words(folder: Path, file_too: bool) -> None:
    kb = await filled(folder)
    paths = [folder, *([folder / "knowledge.db"] if file_too else [])]
    with unwritable(*paths):
        for call in (kb.ensure(), kb.search(Query(text="casket")), kb.upsert([PAGE])):
            with pytest.raises(
                KnowledgeError, match=r"knowledge\.db cannot be used: it .*(DATA_DIR|written)"
            ):
                await call
        health = await kb.health()
    assert (health.ok, health.answers) == (False, False)
    assert "knowledge.db" in health.detail
    assert os.listdir(folder) == ["knowledge.db"]
    await kb.close()


async def test_what_became_writable_again_is_as_it_was(folder: Path) -> None:
    kb = await filled(folder)
    with unwritable(folder, folder / "knowledge.db"), pytest.raises(KnowledgeError):
        await kb.ensure()
    writable(folder)
    assert (await kb.search(Query(text="casket"))).hits
    await kb.close()
