"""Reads a loopback site into a store, as a process that a test can end: ``python -m tests.support.crawl URL FOLDER``."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from realtime_agents.knowledge.extraction import Extractor
from realtime_agents.knowledge.fetch.client import Fetcher
from realtime_agents.knowledge.fetch.guard import Guard
from realtime_agents.knowledge.ingest import ingest
from realtime_agents.knowledge.ledger import IngestLedger
from realtime_agents.knowledge.store import EmbeddedKnowledgeBase
from realtime_agents.knowledge.web import WebSupply
from tests.knowledge.fakes import HashEmbedder
from tests.support.web_site import JumpClock


async def main(url: str, folder: Path) -> None:
    kb = EmbeddedKnowledgeBase(folder / "knowledge.db", HashEmbedder)
    async with Fetcher(Guard(allow_loopback=True), clock=JumpClock()) as fetcher:
        with Extractor() as extractor:
            supply = WebSupply(url, "va", fetcher, extractor)
            await ingest(kb, supply, ledger=IngestLedger(folder / "ingest.db"))
    await kb.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], Path(sys.argv[2])))
