"""``ingest``: bring files and folders into the knowledge base."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from dataclasses import asdict
from pathlib import Path

from realtime_agents.errors import KnowledgeError
from realtime_agents.knowledge.ingest import IngestProgress, ingest_path
from realtime_agents.knowledge.intake import merged
from realtime_agents.knowledge.port import IngestReport
from realtime_agents.runtime import Runtime
from realtime_agents.settings import Settings


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    paths = [Path(p).expanduser() for p in arguments.paths]
    for path in paths:
        if not path.exists():
            raise KnowledgeError(f"no such file or folder: {path}")
    report = asyncio.run(_ingest(settings, paths, arguments.collection))
    if arguments.json:
        print(json.dumps(asdict(report)))
    else:
        print(
            f"{len(report.added)} added, {len(report.updated)} updated, {len(report.unchanged)} unchanged, "
            f"{len(report.failed)} failed; {report.passages} passages written to {arguments.collection!r}"
        )
    for name, reason in report.failed:
        print(f"skipped {name}: {reason}", file=sys.stderr)
    nothing_read = not (report.added or report.updated or report.unchanged)
    return 1 if nothing_read else 0


async def _ingest(settings: Settings, paths: list[Path], collection: str) -> IngestReport:
    total = IngestReport()
    async with Runtime.opened(settings) as runtime:
        for path in paths:
            one = await ingest_path(runtime.knowledge, path, collection, progress=_show)
            total = merged(total, one)
    if sys.stderr.isatty():
        print(file=sys.stderr)
    return total


def _show(progress: IngestProgress) -> None:
    if sys.stderr.isatty():
        print(
            f"\r{progress.documents} documents, {progress.passages} passages …",
            end="",
            file=sys.stderr,
            flush=True,
        )
