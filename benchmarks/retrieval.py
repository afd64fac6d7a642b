"""How well and how fast the knowledge base finds the right page: real agency pages and questions.

The questions are headings of their gold records, so those headings are deleted from the text
before it is indexed. Ranks are of records: a record stands where its best passage stands. "by
area" searches only the collection of the question's area, as the specialised agents do.

Goal of fusion over the unambiguous questions: hit@5 of 0.74, MRR@10 of 0.55. Search of the
embedded store: at most 20 ms p50 for 10,000 passages.

The corpus and the questions are test input that is not part of the project; without them this
says so and ends. The index is kept in ``.cache`` and reused while nothing changed.
"""

from __future__ import annotations

import argparse
import asyncio
import collections
import gzip
import json
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from realtime_agents.knowledge.fusion import VECTOR_WEIGHT
from realtime_agents.knowledge.ingest import IngestProgress, ingest_path
from realtime_agents.knowledge.port import Query, SearchMode
from realtime_agents.knowledge.store import EmbeddedKnowledgeBase
from realtime_agents.settings import ROOT

DATA = ROOT.parent / "shared" / "data"
CACHE = ROOT / ".cache" / "retrieval"
COLLECTIONS = {"vagov": "va", "medicare_pubs": "medicare", "medicare_ncd": "medicare"}
PASSAGES = 30
"""Passages asked for, so that ten different records are among them."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """Ranks of one run: 1 is first, None is not among the first ten records."""

    ranks: tuple[int | None, ...]
    times_ms: tuple[float, ...]

    def hit(self, at: int) -> float:
        return sum(rank is not None and rank <= at for rank in self.ranks) / len(self.ranks)

    @property
    def reciprocal(self) -> float:
        return sum(1 / rank for rank in self.ranks if rank) / len(self.ranks)


def read_questions() -> list[dict[str, Any]]:
    """The unambiguous questions; ends the program when they are not there."""
    path = DATA / "questions.dev.jsonl"
    if not path.is_file():
        raise SystemExit(f"retrieval: {path} is not here, nothing to measure")
    found = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    return [question for question in found if not question["ambiguous"]]


def write_corpus(folder: Path, questions: Sequence[dict[str, Any]]) -> None:
    """The corpus as JSON lines, every question's heading deleted wherever its gold records have it."""
    headings: dict[str, set[str]] = collections.defaultdict(set)
    for question in questions:
        for heading in question["headings"]:
            headings[heading["record_id"]].add(heading["text"])
    folder.mkdir(parents=True, exist_ok=True)
    for source in sorted((DATA / "corpus").glob("*.jsonl.gz")):
        with gzip.open(source, "rt", encoding="utf-8") as lines, (folder / source.stem).open("w") as out:
            for line in lines:
                record = json.loads(line)
                # Longest first: one heading may be part of another.
                for text in sorted(headings.get(record["id"], ()), key=len, reverse=True):
                    record["text"] = record["text"].replace(text, "")
                out.write(json.dumps(record) + "\n")


async def ingest(kb: EmbeddedKnowledgeBase, folder: Path) -> None:
    started = time.monotonic()
    written = 0
    for name, collection in COLLECTIONS.items():
        report = await ingest_path(kb, folder / f"{name}.jsonl", collection, _printer(name))
        written += report.passages
    stats = await kb.stats()
    documents, passages = (sum(column) for column in zip(*stats.collections.values(), strict=True))
    print(
        f"{documents} documents, {passages} passages; {written} made now in {time.monotonic() - started:.0f} s"
    )


def _printer(name: str) -> Callable[[IngestProgress], None]:
    def show(progress: IngestProgress) -> None:
        if sys.stderr.isatty():
            print(f"\r{name}: {progress.documents} documents ", end="", file=sys.stderr, flush=True)

    return show


async def run(
    kb: EmbeddedKnowledgeBase, questions: Sequence[dict[str, Any]], mode: SearchMode, *, by_area: bool
) -> Outcome:
    """Search every question once. Times are of the whole search, the question's embedding included."""
    ranks: list[int | None] = []
    times: list[float] = []
    for question in questions:
        collections_ = (question["area"],) if by_area else ()
        query = Query(text=question["question"], collections=collections_, limit=PASSAGES, mode=mode)
        started = time.perf_counter()
        result = await kb.search(query)
        times.append((time.perf_counter() - started) * 1000)
        records = list(dict.fromkeys(hit.passage.document_id for hit in result.hits))[:10]
        gold = set(question["gold_ids"])
        ranks.append(next((place for place, name in enumerate(records, 1) if name in gold), None))
    return Outcome(tuple(ranks), tuple(times))


def table(rows: Iterator[tuple[str, Outcome]]) -> None:
    print(f"{'':30} | hit@1 | hit@5 | hit@10 | MRR@10 | p50 ms | p95 ms")
    for name, outcome in rows:
        times = statistics.quantiles(outcome.times_ms, n=20)
        print(
            f"{name:30} | {outcome.hit(1):.3f} | {outcome.hit(5):.3f} | {outcome.hit(10):.3f}  |"
            f" {outcome.reciprocal:.3f}  | {statistics.median(outcome.times_ms):6.1f} | {times[18]:6.1f}"
        )


async def measure(weights: Sequence[float]) -> None:
    questions = read_questions()
    write_corpus(CACHE / "corpus", questions)
    rows: list[tuple[str, Outcome]] = []
    for weight in weights:
        kb = EmbeddedKnowledgeBase(CACHE / "knowledge.db", vector_weight=weight)
        try:
            await ingest(kb, CACHE / "corpus")
            await kb.vectors_complete()
            for by_area in (False, True):
                where = "by area" if by_area else "all"
                # Fusion first: later runs find the questions' vectors in the embedder's cache.
                rows.append(
                    (f"fusion {weight}, {where}", await run(kb, questions, "hybrid", by_area=by_area))
                )
                if weight == weights[0]:
                    rows.append((f"words, {where}", await run(kb, questions, "lexical", by_area=by_area)))
                    rows.append((f"vectors, {where}", await run(kb, questions, "vector", by_area=by_area)))
        finally:
            await kb.close()
    print(f"{len(questions)} unambiguous questions, headings removed")
    table(iter(rows))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--weights", type=float, nargs="+", default=[VECTOR_WEIGHT], help="vector weights to try"
    )
    asyncio.run(measure(parser.parse_args().weights))


if __name__ == "__main__":
    main()
