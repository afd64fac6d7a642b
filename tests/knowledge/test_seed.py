"""The scenario's own pages follow their files, in whichever version of the store is in use."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from realtime_agents.errors import KnowledgeError
from realtime_agents.knowledge.port import Document
from realtime_agents.knowledge.seed import KnowledgeSeed
from realtime_agents.knowledge.store import EmbeddedKnowledgeBase
from tests.knowledge.fakes import HashEmbedder


class Scenario:
    """Pages on disk, and a store that follows them."""

    def __init__(self, folder: Path) -> None:
        self.pages = folder / "agents" / "benefits" / "knowledge"
        self.pages.mkdir(parents=True)
        self.state = folder / "seed.json"
        self.kb = EmbeddedKnowledgeBase(folder / "knowledge.db", HashEmbedder)
        self.write("flags", "The next of kin keeps the flag.")
        self.write("ships", "Ships sail at noon.")

    def write(self, name: str, words: str) -> None:
        (self.pages / f"{name}.md").write_text(f"# About {name}\n\n{words}\n")

    def forget(self) -> None:
        """A new, empty store in the place of a closed one."""
        for file in self.state.parent.glob("knowledge.db*"):
            file.unlink()
        self.kb = EmbeddedKnowledgeBase(self.state.parent / "knowledge.db", HashEmbedder)

    async def follow(self) -> bool:
        """True when something had changed."""
        seed = KnowledgeSeed(self.pages.parent.parent, self.state)
        return await seed.apply(self.kb) is not None

    async def texts(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for info in await self.kb.documents():
            document = await self.kb.document(info.id)
            assert document is not None
            found[document.title] = document.text
        return found


@pytest.fixture
async def scenario(tmp_path: Path) -> AsyncIterator[Scenario]:
    made = Scenario(tmp_path)
    yield made
    await made.kb.close()


async def test_pages_are_brought_in_once_and_follow_their_files(scenario: Scenario) -> None:
    assert await scenario.follow()
    assert not await scenario.follow()
    scenario.write("flags", "The flag is folded thirteen times.")
    (scenario.pages / "ships.md").unlink()
    assert await scenario.follow()
    texts = await scenario.texts()
    assert list(texts) == ["About flags"]
    assert "thirteen times" in texts["About flags"]


async def test_a_version_that_is_used_again_is_brought_up_to_date(scenario: Scenario) -> None:
    await scenario.follow()
    await scenario.kb.rebuild()
    scenario.write("flags", "The flag is folded thirteen times.")
    (scenario.pages / "ships.md").unlink()
    scenario.write("bells", "Bells ring twice.")
    await scenario.follow()
    await scenario.kb.rollback()
    assert set(await scenario.texts()) == {"About flags", "About ships"}
    assert await scenario.follow()
    texts = await scenario.texts()
    assert set(texts) == {"About bells", "About flags"}
    assert "thirteen times" in texts["About flags"]
    assert not await scenario.follow()


async def test_a_store_that_was_replaced_gets_its_pages_again(scenario: Scenario) -> None:
    await scenario.follow()
    await scenario.kb.close()
    scenario.forget()
    assert await scenario.follow()
    assert len(await scenario.texts()) == 2


async def test_a_state_file_that_cannot_be_read_is_written_anew(scenario: Scenario) -> None:
    await scenario.follow()
    scenario.state.write_text("not JSON")
    assert await scenario.follow()
    assert not await scenario.follow()


async def test_a_document_that_took_the_name_of_a_page_that_went_stays(scenario: Scenario) -> None:
    await scenario.follow()
    (name,) = [info.id for info in await scenario.kb.documents() if info.title == "About ships"]
    (scenario.pages / "ships.md").unlink()
    await scenario.follow()
    ours = Document(id=name, title="Our ships", collection="benefits", text="Words of our own.")
    await scenario.kb.upsert([ours])
    scenario.write("bells", "Bells ring twice.")
    assert await scenario.follow()
    assert "Our ships" in await scenario.texts()


async def test_a_memory_that_cannot_be_written_is_an_error_of_the_knowledge_base(scenario: Scenario) -> None:
    """Its callers try again after a while; they would end, or try each second, at any other error."""
    scenario.state.mkdir()
    with pytest.raises(KnowledgeError, match=r"seed\.json cannot be written"):
        await scenario.follow()
    assert len(await scenario.texts()) == 2
