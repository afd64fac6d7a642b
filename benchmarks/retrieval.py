"""How well and how fast the knowledge base finds the right page: real agency pages and questions.

The questions are headings of their gold records, so those headings are deleted from the text
before it is indexed. Ranks are of records: a record stands where its best passage stands. "by
area" searches only the collection of the question's area, as the specialised agents do.

Goals over the unambiguous questions: fusion hit@5 of 0.74 and MRR@10 of 0.55; both stores within
0.02 of each other, with 0.8 of the first five in common. Search at 10,000 passages: 20 ms p50
embedded, 40 ms Elasticsearch.

The corpus and the questions are test input that is not part of the project; without them this
says so and ends. Elasticsearch is the one at ``ELASTICSEARCH_URL``, or one that is started for this
where that can be (tests/servers); otherwise only the embedded store is measured. Indices are kept
in ``.cache`` and reused while nothing changed.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import statistics
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import count
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from realtime_agents import settings as settings_module
from realtime_agents.commands.eval import Evaluation, measure, print_outcomes
from realtime_agents.commands.progress_bar import ProgressBar
from realtime_agents.embedding import Embedder, OnnxEmbedder, load_embedder
from realtime_agents.knowledge.base import IndexedKnowledgeBase
from realtime_agents.knowledge.elastic.store import ElasticStore
from realtime_agents.knowledge.evaluation import read_questions
from realtime_agents.knowledge.index import EmbedderTag, IndexStore, PassageIndex, tag_of
from realtime_agents.knowledge.opening import elastic_config
from realtime_agents.knowledge.passages import PreparedDocument, PreparedPassage, prepare
from realtime_agents.knowledge.port import Document, Query
from realtime_agents.knowledge.rebuilding import pages
from realtime_agents.knowledge.sqlite_store import SqliteStore
from realtime_agents.knowledge.vectors import HEAD
from realtime_agents.settings import ROOT, Settings
from tests.servers.elasticsearch import ElasticsearchServer, Unavailable

DATA = ROOT.parent / "shared" / "data"
CACHE = ROOT / ".cache" / "retrieval"
COLLECTIONS = {"vagov": "va", "medicare_pubs": "medicare", "medicare_ncd": "medicare"}
GROW_BATCH = 64
WARM_UP = 8
"""First searches that are not counted: they load the vectors."""


@contextmanager
def elasticsearch() -> Iterator[str]:
    """URL of a server; empty when none can be had."""
    if url := os.environ.get("ELASTICSEARCH_URL"):
        yield url
        return
    server = ElasticsearchServer()
    try:
        server.start()
        yield server.url
    except Unavailable as reason:
        print(f"Elasticsearch is not measured: {reason}")
        yield ""
    finally:
        server.stop()


def quality(settings: Settings, rerank: int) -> None:
    stores = ("embedded", "elasticsearch") if settings.elasticsearch_url else ("embedded",)
    evaluation = Evaluation(
        corpus=DATA / "corpus",
        questions=DATA / "questions.dev.jsonl",
        folder=CACHE,
        stores=stores,
        rerank=rerank,
        by_area=True,
        drop_headings=True,
        collections=COLLECTIONS,
    )
    bar = ProgressBar(sys.stderr)
    print_outcomes(asyncio.run(measure(evaluation, settings, bar)))


async def grow(store: IndexStore, source: PassageIndex, target: int, tag: EmbedderTag) -> None:
    """Fill a store with pages like the real ones until it holds ``target`` passages.

    A copy has the sentences of its page in another order and its vectors a little moved, so that no
    two passages are the same and nothing has to be embedded.
    """
    chance = random.Random(7)
    noise = np.random.default_rng(7)
    index = await store.active()
    held = sum(passages for _, passages in (await index.holdings()).collections.values())
    for turn in count(1):
        async for page in pages(source):
            for start in range(0, len(page), GROW_BATCH):
                if held >= target:
                    return
                ids = [info.id for info in page[start : start + GROW_BATCH]]
                vectors = list((await source.vectors(ids)).values())
                prepared: list[PreparedDocument] = []
                for name in ids:
                    document = await source.document(name)
                    if document is not None and vectors:
                        prepared.append(prepare(_shuffled(document, turn, chance)))
                blobs = {
                    passage.key: _moved(vectors[place % len(vectors)], passage, tag, noise)
                    for place, passage in enumerate(p for d in prepared for p in d.passages)
                }
                await index.write(prepared, blobs)
                held += sum(len(document.passages) for document in prepared)


def _shuffled(document: Document, turn: int, chance: random.Random) -> Document:
    lines = document.text.split("\n")
    chance.shuffle(lines)
    return replace(document, id=f"{document.id}-{turn}", text="\n".join(lines))


def _moved(blob: bytes, passage: PreparedPassage, tag: EmbedderTag, noise: np.random.Generator) -> bytes:
    """The vectors a little moved; the title's stays, as passages of a page share it."""
    vectors = np.frombuffer(blob, "<f2").reshape(-1, tag.dims).astype(np.float32)
    wanted = vectors[np.arange(HEAD + len(passage.windows)) % len(vectors)]
    moved = wanted + noise.normal(0, 0.02, wanted.shape).astype(np.float32)
    moved[1] = vectors[1]
    unit: NDArray[np.float32] = moved / np.linalg.norm(moved, axis=1, keepdims=True)
    return unit.astype("<f2").tobytes()


async def speed(settings: Settings, size: int, folder: Path) -> None:
    """Times of a search at ``size`` passages, the question's embedding included."""
    embedder = load_embedder()
    tag = tag_of(embedder)
    questions = [question.text for question in read_questions(DATA / "questions.dev.jsonl")]
    source = SqliteStore(CACHE / "knowledge.db")
    stores: dict[str, IndexStore] = {"embedded": SqliteStore(folder / f"speed-{size}.db")}
    if settings.elasticsearch_url:
        config = replace(elastic_config(settings), prefix=f"{settings.elasticsearch_index}-speed-{size}")
        stores["elasticsearch"] = ElasticStore(config)
    try:
        await source.open(tag)
        for name, store in stores.items():
            await store.open(tag)
            started = time.monotonic()
            await grow(store, await source.active(), size, tag)
            filled_s = time.monotonic() - started
            # A new embedder for each store: none finds the questions' vectors made.
            kb = IndexedKnowledgeBase(store, fresh_embedder)
            times = [await timed(kb, text) for text in questions][WARM_UP:]
            parts = statistics.quantiles(times, n=20)
            print(
                f"{name:14} {size:>7,} passages (filled in {filled_s:.0f} s): p50 {statistics.median(times):.1f} ms,"
                f" p95 {parts[18]:.1f} ms, slowest {max(times):.1f} ms"
            )
            await kb.close()
    finally:
        await source.close()


async def timed(kb: IndexedKnowledgeBase, text: str) -> float:
    started = time.perf_counter()
    await kb.search(Query(text=text, deadline_ms=30_000))
    return (time.perf_counter() - started) * 1000


def fresh_embedder() -> Embedder:
    embedder = load_embedder()
    assert isinstance(embedder, OnnxEmbedder)
    embedder.forget_queries()
    return embedder


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rerank", type=int, default=10, help="passages to rerank; 0 leaves that run out")
    parser.add_argument(
        "--sizes", type=int, nargs="*", default=[10_000], help="passages at which to time searches"
    )
    arguments = parser.parse_args()
    if not (DATA / "questions.dev.jsonl").is_file():
        raise SystemExit(f"retrieval: {DATA / 'questions.dev.jsonl'} is not here, nothing to measure")
    with elasticsearch() as url:
        settings = settings_module.load({**os.environ, "ELASTICSEARCH_URL": url})
        quality(settings, arguments.rerank)
        print()
        for size in arguments.sizes:
            asyncio.run(speed(settings, size, CACHE))


if __name__ == "__main__":
    main()
