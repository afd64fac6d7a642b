"""``knowledge``: the versions of the knowledge base, a rebuild, the way back."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from realtime_agents.knowledge.evaluation import read_questions
from realtime_agents.knowledge.opening import open_knowledge
from realtime_agents.knowledge.port import GoldenQuery, KnowledgeVersion, RebuildProgress
from realtime_agents.settings import Settings


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    versions = asyncio.run(_run(arguments, settings))
    if arguments.json:
        print(json.dumps([asdict(version) for version in versions]))
        return 0
    for version in versions:
        mark = "*" if version.active else " "
        print(
            f"{mark} {version.id:<24} {version.created or 'unknown':<26} {version.documents:>6} documents"
            f" {version.passages:>7} passages"
        )
    return 0


async def _run(arguments: argparse.Namespace, settings: Settings) -> Sequence[KnowledgeVersion]:
    # Not through the runtime: it brings the scenario's pages in, which a misfit index would refuse.
    knowledge = open_knowledge(settings)
    try:
        match arguments.action:
            case "rebuild":
                golden = await asyncio.to_thread(_golden, arguments.golden)
                await knowledge.rebuild(golden, _show)
            case "rollback":
                await knowledge.rollback(arguments.version)
        return await knowledge.versions()
    finally:
        await knowledge.close()


def _golden(path: str | None) -> tuple[GoldenQuery, ...]:
    if not path:
        return ()
    questions = read_questions(Path(path).expanduser())
    return tuple(
        GoldenQuery(text=q.text, document_ids=tuple(sorted(q.relevant)), collections=q.collections)
        for q in questions
    )


def _show(progress: RebuildProgress) -> None:
    if sys.stderr.isatty():
        end = "\n" if progress.done >= progress.total else ""
        print(f"\r{progress.done} of {progress.total} documents …", end=end, file=sys.stderr, flush=True)
