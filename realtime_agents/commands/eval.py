"""``eval retrieval``: how well each store finds the right page, as a table."""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
import sys
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from realtime_agents.commands.progress_bar import ProgressBar
from realtime_agents.errors import KnowledgeError, SettingsError
from realtime_agents.knowledge.base import IndexedKnowledgeBase
from realtime_agents.knowledge.elastic.store import ElasticKnowledgeBase
from realtime_agents.knowledge.evaluation import (
    Judged,
    Outcome,
    overlap,
    read_questions,
    table,
    without_headings,
)
from realtime_agents.knowledge.evaluation import (
    run as ask_all,
)
from realtime_agents.knowledge.ingest import ingest_path
from realtime_agents.knowledge.opening import elastic_config
from realtime_agents.knowledge.port import SearchMode
from realtime_agents.knowledge.store import EmbeddedKnowledgeBase
from realtime_agents.settings import Settings

RUNS: tuple[tuple[str, SearchMode], ...] = (
    # Fusion first: later runs find the questions' vectors in the embedder's cache.
    ("fusion", "hybrid"),
    ("BM25", "lexical"),
    ("vectors", "vector"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """What is measured, on which stores."""

    corpus: Path
    questions: Path
    folder: Path
    """Where indices and prepared copies are kept, to be used again while nothing changed."""
    stores: tuple[str, ...] = ("embedded",)
    rerank: int = 10
    by_area: bool = False
    drop_headings: bool = False
    collections: Mapping[str, str] = field(default_factory=dict)
    """Collection of each file or folder of the corpus by its name without endings; else that name."""


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    evaluation = _evaluation(arguments, settings)
    bar = ProgressBar(sys.stderr)
    try:
        outcomes = asyncio.run(measure(evaluation, settings, bar))
    finally:
        bar.clear()
    if arguments.json:
        print(json.dumps({name: [_to_json(o) for o in found] for name, found in outcomes.items()}))
    else:
        print_outcomes(outcomes)
    return 0


def print_outcomes(outcomes: Mapping[str, Sequence[Outcome]]) -> None:
    """A table for each store, and how far the rankings of two stores agree."""
    for store, found in outcomes.items():
        print(f"\n{store}: {len(found[0].questions)} questions\n{table(found)}")
    if len(outcomes) == 2:
        first, second = outcomes.values()
        for one, other in zip(first, second, strict=True):
            print(f"first 5 in common, {one.name}: {overlap(one, other):.3f}")


async def measure(
    evaluation: Evaluation, settings: Settings, bar: ProgressBar
) -> dict[str, tuple[Outcome, ...]]:
    """Fill the stores, ask every question in every way."""
    questions = await asyncio.to_thread(read_questions, evaluation.questions)
    corpus = evaluation.corpus
    if not corpus.exists():
        raise KnowledgeError(f"no such file or folder: {corpus}")
    if evaluation.drop_headings:
        corpus = evaluation.folder / "corpus"
        await asyncio.to_thread(without_headings, evaluation.corpus, questions, corpus)
    outcomes: dict[str, tuple[Outcome, ...]] = {}
    async with AsyncExitStack() as stack:
        filled: IndexedKnowledgeBase | None = None
        for name in evaluation.stores:
            kb = _store(name, evaluation, settings)
            stack.push_async_callback(kb.close)
            if filled is None:
                await _fill(kb, corpus, evaluation.collections, bar)
            else:
                await kb.take_over(filled)
            await kb.vectors_complete()
            filled = kb
            bar.clear()
            outcomes[name] = await _runs(kb, questions, evaluation)
    return outcomes


async def _runs(
    kb: IndexedKnowledgeBase, questions: Sequence[Judged], evaluation: Evaluation
) -> tuple[Outcome, ...]:
    outcomes: list[Outcome] = []
    for by_area in (False, True) if evaluation.by_area else (False,):
        where = ", by area" if by_area else ""
        for name, mode in RUNS:
            outcomes.append(
                await ask_all(kb, questions, name=f"{name}{where}", mode=mode, by_collection=by_area)
            )
        if evaluation.rerank and not by_area:  # the slowest run by far: once is enough
            name = f"fusion + rerank {evaluation.rerank}"
            outcomes.append(await ask_all(kb, questions, name=name, rerank=evaluation.rerank))
    return tuple(outcomes)


def _store(name: str, evaluation: Evaluation, settings: Settings) -> IndexedKnowledgeBase:
    weight = settings.knowledge_vector_weight
    if name == "embedded":
        return EmbeddedKnowledgeBase(evaluation.folder / "knowledge.db", vector_weight=weight)
    if not settings.elasticsearch_url:
        raise SettingsError("ELASTICSEARCH_URL is not set: there is no Elasticsearch to evaluate")
    config = elastic_config(settings)
    mark = hashlib.sha256(str(evaluation.folder).encode()).hexdigest()[:8]
    return ElasticKnowledgeBase(replace(config, prefix=f"{config.prefix}-eval-{mark}"), vector_weight=weight)


async def _fill(
    kb: IndexedKnowledgeBase, corpus: Path, collections: Mapping[str, str], bar: ProgressBar
) -> None:
    for part in await asyncio.to_thread(_parts, corpus):
        stem = part.name.split(".")[0]
        await ingest_path(kb, part, collections.get(stem, stem), bar.show)


def _parts(corpus: Path) -> list[Path]:
    if not corpus.is_dir():
        return [corpus]
    return sorted(path for path in corpus.iterdir() if not path.name.startswith("."))


def _evaluation(arguments: argparse.Namespace, settings: Settings) -> Evaluation:
    stores = ("embedded", "elasticsearch") if arguments.store == "both" else (arguments.store,)
    corpus = Path(arguments.corpus).expanduser().resolve()
    mark = hashlib.sha256(f"{corpus}\n{arguments.drop_headings}".encode()).hexdigest()[:12]
    return Evaluation(
        corpus=corpus,
        questions=Path(arguments.questions).expanduser(),
        folder=settings.data_dir / "eval" / mark,
        stores=stores,
        rerank=arguments.rerank,
        by_area=arguments.by_area,
        drop_headings=arguments.drop_headings,
        collections=dict(pair.split("=", 1) for pair in arguments.collection),
    )


def _to_json(outcome: Outcome) -> dict[str, Any]:
    return {
        "name": outcome.name,
        "questions": len(outcome.questions),
        "hit@1": round(outcome.hit(1), 4),
        "hit@5": round(outcome.hit(5), 4),
        "mrr@10": round(outcome.mrr, 4),
        "ndcg@10": round(outcome.ndcg, 4),
        "p50_ms": round(outcome.percentile_ms(50), 2),
        "p95_ms": round(outcome.percentile_ms(95), 2),
    }
