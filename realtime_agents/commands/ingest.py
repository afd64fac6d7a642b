"""``ingest``: bring files, folders, web pages and sitemaps into the knowledge base."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from realtime_agents.commands.progress_bar import ProgressBar
from realtime_agents.errors import DocumentError, KnowledgeError, UsageError
from realtime_agents.knowledge.collections import collection_problem
from realtime_agents.knowledge.extraction import Extractor
from realtime_agents.knowledge.fetch.client import Fetcher
from realtime_agents.knowledge.files import FileSupply
from realtime_agents.knowledge.ingest import ingest
from realtime_agents.knowledge.outcome import IngestOutcome, together
from realtime_agents.knowledge.personal import EMAIL, personal_words
from realtime_agents.knowledge.supply import Supply
from realtime_agents.knowledge.web import WebSupply, is_web_address
from realtime_agents.runtime import Runtime
from realtime_agents.settings import Settings


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    if problem := collection_problem(arguments.collection):
        raise UsageError(f"--collection: {problem}")
    for place in arguments.paths:
        if not is_web_address(place) and not Path(place).expanduser().exists():
            raise KnowledgeError(f"no such file or folder: {place}")
    bar = ProgressBar(sys.stderr)
    started = time.monotonic()
    try:
        outcome = asyncio.run(_ingest(settings, arguments, bar))
    except KeyboardInterrupt:
        bar.clear()
        print("stopped; what was read is kept, and the same command goes on from there", file=sys.stderr)
        raise
    finally:
        bar.clear()
    if arguments.json:
        print(json.dumps(asdict(outcome)))
    else:
        print(f"{_counts(outcome)} to {arguments.collection!r} in {time.monotonic() - started:.1f} s")
    for name, reason in outcome.failed:
        print(f"skipped {name}: {reason}", file=sys.stderr)
    for line in _personal_lines(outcome):
        print(line, file=sys.stderr)
    nothing_read = not (outcome.added or outcome.updated or outcome.unchanged or outcome.removed)
    return 1 if nothing_read else 0


async def _ingest(settings: Settings, arguments: argparse.Namespace, bar: ProgressBar) -> IngestOutcome:
    outcomes: list[IngestOutcome] = []
    async with Runtime.opened(settings) as runtime, Fetcher() as fetcher:
        with Extractor() as extractor:
            for place in arguments.paths:
                try:
                    supply = _supply(place, arguments, fetcher, extractor)
                except DocumentError as error:
                    outcomes.append(IngestOutcome(failed=((place, str(error)),)))
                    continue
                one = await ingest(runtime.knowledge, supply, ledger=runtime.ledger, progress=bar.show)
                outcomes.append(one)
    return together(outcomes)


def _supply(place: str, arguments: argparse.Namespace, fetcher: Fetcher, extractor: Extractor) -> Supply:
    """Raises `DocumentError` for an address that may not be fetched."""
    if is_web_address(place):
        return WebSupply(place, arguments.collection, fetcher, extractor, max_pages=arguments.max_pages)
    return FileSupply(Path(place).expanduser(), arguments.collection, extractor)


def _counts(outcome: IngestOutcome) -> str:
    removed = f"{len(outcome.removed)} removed, " if outcome.removed else ""
    return (
        f"{len(outcome.added)} added, {len(outcome.updated)} updated, {len(outcome.unchanged)} unchanged, "
        f"{removed}{len(outcome.failed)} skipped; {outcome.passages} passages written"
    )


def _personal_lines(outcome: IngestOutcome) -> Iterator[str]:
    """A line for each document with numbers of persons, one for all that hold only e-mail addresses."""
    only_mail = 0
    for name, counts in outcome.personal:
        if set(counts) == {EMAIL}:
            only_mail += 1
        else:
            yield f"looks like personal data in {name}: {personal_words(counts)}"
    if only_mail:
        yield f"e-mail addresses in {only_mail} document{'' if only_mail == 1 else 's'}"
